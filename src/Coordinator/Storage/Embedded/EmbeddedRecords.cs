using Coordinator.Leases;
using Coordinator.Records;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Coordinator.Storage.Embedded;

/// <summary>What all steps on records share: the twin of that part of <c>prelude.lua</c>.</summary>
internal static class EmbeddedRecords
{
    public const string Run = "run";
    public const string Tunnel = "tunnel";

    public static EmbeddedRecord? Find(EmbeddedStep step, ResourceKey resource)
    {
        if (step.Place.Records.TryGetValue((resource.Tenant, resource.Name), out var record) && record.GoneAt <= step.Now)
        {
            step.Place.Records.Remove((resource.Tenant, resource.Name));
            return null;
        }

        return record;
    }

    public static Refusal? RefuseUnlessOpen(EmbeddedStep step, ResourceKey resource, IReadOnlyList<FieldChange>? conditions = null) => Find(step, resource) switch
    {
        null => Refusals.Absent(resource),
        var record when conditions?.Any(one => one.Kind == ChangeKind.Is && record.Fields.GetValueOrDefault(one.Field) != one.Value) == true => Refusals.Absent(resource),
        var record when record.Fields.TryGetValue(RecordFields.State, out var state) && RecordFields.Final.Contains(state) => Refusals.Final(resource, state),
        _ => null,
    };

    public static Record View(EmbeddedStep step, ResourceKey resource, EmbeddedLease? lease) => new(
        resource,
        new Dictionary<string, string>(Find(step, resource)?.Fields ?? []),
        lease is null ? null : EmbeddedStep.Describe(resource, lease),
        lease?.Control);

    public static void SetState(EmbeddedStep step, EmbeddedRecord record, string state)
    {
        record.Fields[RecordFields.State] = state;
        if (RecordFields.Final.Contains(state))
        {
            record.GoneAt = step.Now + EmbeddedStep.Microseconds(step.Retention.EndedResources);
        }
    }

    /// <summary>The worker of a cancelled run has seen it: the run is over, whenever the worker lets go.</summary>
    public static void Cancelled(EmbeddedStep step, ResourceKey resource)
    {
        if (resource.Kind == Run && Find(step, resource) is { } record && record.Fields.ContainsKey(RecordFields.Cancel))
        {
            SetState(step, record, "failed");
        }
    }

    public static void Apply(EmbeddedStep step, ResourceKey resource, IReadOnlyList<FieldChange> changes)
    {
        if (changes.Count == 0 || Find(step, resource) is not { } record)
        {
            return;
        }

        foreach (var change in changes)
        {
            Apply(step, record, change);
        }
    }

    /// <summary>What the end of its lease means for a record.</summary>
    public static void OnEnd(EmbeddedStep step, ResourceKey resource, EmbeddedLease lease, EndReason reason)
    {
        if (Find(step, resource) is not { } record)
        {
            return;
        }

        if (ResourceKey.IsTail(resource.Kind) && reason != EndReason.Superseded)
        {
            // A tail is gone with its lease, unless another reader takes it over.
            step.Place.Records.Remove((resource.Tenant, resource.Name));
        }

        if (resource.Kind == Run)
        {
            OnRunEnd(step, resource, record, reason);
        }
        else if (resource.Kind == Tunnel)
        {
            OnTunnelEnd(step, resource, record, lease, reason);
        }
    }

    public static EmbeddedLane LaneOf(EmbeddedStep step, string tenant, string lane)
    {
        if (!step.Place.Lanes.TryGetValue((tenant, lane), out var found))
        {
            step.Place.Lanes[(tenant, lane)] = found = new();
        }

        return found;
    }

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    // A run that nobody has given back waits again, in the place it had.
    private static void OnRunEnd(EmbeddedStep step, ResourceKey resource, EmbeddedRecord record, EndReason reason)
    {
        var fields = record.Fields;
        fields.Remove(RecordFields.WorkerId);
        fields.Remove(RecordFields.ClaimedAt);
        var cancelled = fields.Remove(RecordFields.Cancel);
        if (RecordFields.Final.Contains(fields[RecordFields.State]))
        {
            return;
        }

        SetState(step, record, cancelled ? "failed" : reason == EndReason.Released ? "released" : "queued");
        if (fields[RecordFields.State] == "queued")
        {
            LaneOf(step, resource.Tenant, fields[RecordFields.Lane]).Queue[long.Parse(fields[RecordFields.Created], CultureInfo.InvariantCulture)] = resource.Name;
        }
    }

    // A tunnel's names are free at once; whoever cleans up after it is told by a log.
    private static void OnTunnelEnd(EmbeddedStep step, ResourceKey resource, EmbeddedRecord record, EmbeddedLease lease, EndReason reason)
    {
        var fields = record.Fields;
        fields[RecordFields.StoppedAt] = Number(step.Now);
        if (reason == EndReason.Expired)
        {
            fields[RecordFields.LastError] = "LEASE_EXPIRED";
        }

        SetState(step, record, "stopped");
        record.Active = false;
        step.Place.Names.Remove((resource.Tenant, $"slug:{fields[RecordFields.Slug]}"));
        step.Place.Names.Remove((resource.Tenant, $"host:{fields[RecordFields.Hostname]}"));
        var word = reason.ToString().ToLowerInvariant();
        var told = new JsonObject
        {
            ["tunnelId"] = resource.Name[ResourceKey.Tunnel.Length..],
            ["hostname"] = fields[RecordFields.Hostname],
            ["slug"] = fields[RecordFields.Slug],
            ["reason"] = word,
        };
        EmbeddedLogs.Append(step, resource with { Name = $"{ResourceKey.Tunnel}clean-up" }, lease, 0, [new($"tunnel_{word}", JsonSerializer.SerializeToUtf8Bytes(told))]);
    }

    private static void Apply(EmbeddedStep step, EmbeddedRecord record, FieldChange change)
    {
        var fields = record.Fields;
        switch (change.Kind)
        {
            case ChangeKind.Set:
                fields[change.Field] = change.Value;
                break;
            case ChangeKind.Del:
                fields.Remove(change.Field);
                break;
            case ChangeKind.Now:
                fields[change.Field] = Number(step.Now);
                break;
            case ChangeKind.Max:
                var value = long.Parse(change.Value, CultureInfo.InvariantCulture);
                if (!fields.TryGetValue(change.Field, out var old) || value > long.Parse(old, CultureInfo.InvariantCulture))
                {
                    fields[change.Field] = change.Value;
                }

                break;
            case ChangeKind.Move:
                var parts = change.Value.Split('>');
                if (fields.TryGetValue(RecordFields.State, out var state) && parts[0].Split(',').Contains(state))
                {
                    SetState(step, record, parts[1]);
                }

                break;
            case ChangeKind.Is:
                break; // Judged before.
            default:
                throw new ArgumentOutOfRangeException(nameof(change), change.Kind, "A change that no step knows.");
        }
    }
}
