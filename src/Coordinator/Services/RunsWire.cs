using Coordinator.Leases;
using Coordinator.Records;
using Coordinator.Runs;
using Coordinator.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using System.Text.Json;
using LeaseControl = Coordinator.Leases.LeaseControl;

namespace Coordinator.Services;

/// <summary>Between the records of runs and their messages.</summary>
internal static class RunsWire
{
    public static Run ToRun(this Record record)
    {
        var run = new Run
        {
            Id = record.Id,
            LaneKey = record.Text(RunFields.LaneKey)!,
            Title = record.Text(RunFields.Title)!,
            Role = record.Text(RunFields.Role)!,
            State = record.Text(RecordFields.State)!,
            CreatedAt = record.Instant(RecordFields.Created).ToWire(),
            LeaseExpiresAt = record.Lease?.ExpiresAt.ToWire(),
            ClaimedAt = record.Instant(RecordFields.ClaimedAt).ToWire(),
            LastHeartbeat = LastHeartbeat(record).ToWire(),
        };
        run.TicketIds.AddRange(JsonSerializer.Deserialize<string[]>(record.Text(RunFields.TicketIds) ?? "[]"));
        Set(record, RunFields.PlanId, value => run.PlanId = value);
        Set(record, RunFields.ProjectId, value => run.ProjectId = value);
        Set(record, RunFields.BillingAccountId, value => run.BillingAccountId = value);
        Set(record, RunFields.MilestoneId, value => run.MilestoneId = value);
        Set(record, RunFields.Phase, value => run.Phase = value);
        Set(record, RunFields.LogLine, value => run.LogLine = value);
        Set(record, RecordFields.WorkerId, value => run.WorkerId = value);
        Set(record, RunFields.Payload, value => run.Payload = ByteString.CopyFromUtf8(value));
        return run;
    }

    /// <summary>What its worker is to do: asked for as long as it stands, because whoever has no stream cannot acknowledge it.</summary>
    public static IEnumerable<RunCommand> Commands(this Record record)
    {
        var kind = record.Text(RecordFields.Cancel) is not null ? LeaseControl.Cancel
            : record.Text(RecordFields.State) == RunRules.Paused ? LeaseControl.Pause
            : null;
        return kind is null ? []
            : record.Control is { } control && control.Kind == kind ? [new() { Kind = kind, Id = control.Id, Reason = control.Reason }]
            : [new() { Kind = kind }];
    }

    public static Dictionary<string, string> ToFields(this RunsQueueRequest request)
    {
        var fields = new Dictionary<string, string?>
        {
            [RunFields.LaneKey] = request.LaneKey,
            [RunFields.Title] = request.Title,
            [RunFields.Role] = request.Role.Length == 0 ? RunRules.DefaultRole : request.Role,
            [RunFields.TicketIds] = request.TicketIds.Count == 0 ? null : JsonSerializer.Serialize(request.TicketIds),
            [RunFields.PlanId] = request.HasPlanId ? request.PlanId : null,
            [RunFields.ProjectId] = request.HasProjectId ? request.ProjectId : null,
            [RunFields.BillingAccountId] = request.HasBillingAccountId ? request.BillingAccountId : null,
            [RunFields.MilestoneId] = request.HasMilestoneId ? request.MilestoneId : null,
            [RunFields.Payload] = request.HasPayload ? request.Payload.ToStringUtf8() : null,
        };
        return fields.Where(field => field.Value is not null).ToDictionary(field => field.Key, field => field.Value!);
    }

    public static RunEvent ToRunEvent(this Events.StoredEvent stored)
    {
        var message = new RunEvent
        {
            Sequence = stored.Sequence,
            Type = stored.Type,
            WorkerId = stored.Holder,
            FencingToken = stored.Token,
            RecordedAt = stored.RecordedAt.ToWire(),
        };
        if (stored.Payload.Length > 0)
        {
            message.Payload = AsJson(stored.Payload);
        }

        return message;
    }

    // A worker with a stream renews by heartbeats that touch the lease alone: its deadline says when the last one was.
    private static DateTimeOffset? LastHeartbeat(Record record)
    {
        var told = record.Instant(RecordFields.LastHeartbeat);
        return record.Lease is { } lease && lease.ExpiresAt - lease.Ttl is var renewed && renewed > lease.AcquiredAt && (told is null || renewed > told)
            ? renewed
            : told;
    }

    // What a worker ships over its stream may be anything; what is not JSON is shown as base64.
    private static ByteString AsJson(ReadOnlyMemory<byte> payload) =>
        MessageRules.IsJson(payload.Span) ? UnsafeByteOperations.UnsafeWrap(payload) : ByteString.CopyFromUtf8($"\"{Convert.ToBase64String(payload.Span)}\"");

    private static void Set(Record record, string field, Action<string> set)
    {
        if (record.Text(field) is { } value)
        {
            set(value);
        }
    }
}
