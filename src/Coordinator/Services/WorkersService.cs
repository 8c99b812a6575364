using Coordinator.Leases;
using Coordinator.Records;
using Coordinator.V1;
using Coordinator.Workers;
using Grpc.Core;

namespace Coordinator.Services;

/// <summary>Workers without a stream: translates, asks the room, translates back.</summary>
internal sealed class WorkersService(WorkerPresence presence, RecordPages pages) : V1.Workers.WorkersBase
{
    public override async Task<WorkersRegisterResponse> Register(WorkersRegisterRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var outcome = await presence.RegisterAsync(context.GetTenant(), request.OperationId, context.CancellationToken).ConfigureAwait(false);
        var (id, token) = outcome.OrThrow(Room.Workers);
        return new() { WorkerId = id, ActivityToken = token ?? "" };
    }

    public override async Task<WorkersListResponse> List(WorkersListRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var outcome = await pages.ListAsync(
            context.GetTenant(), WorkerPresence.Kind, request.Cursor, request.Limit == 0 ? LeaseBounds.DefaultPageSize : request.Limit, null,
            _ => true, context.CancellationToken).ConfigureAwait(false);
        var (records, next) = outcome.OrThrow(Room.Workers);
        var response = new WorkersListResponse { Workers = { records.Select(ToWorker) } };
        if (next is not null)
        {
            response.NextCursor = next;
        }

        return response;
    }

    public override async Task<WorkersGetResponse> Get(WorkersGetRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var outcome = await presence.GetAsync(context.GetTenant(), request.Id, context.CancellationToken).ConfigureAwait(false);
        return new() { Worker = ToWorker(outcome.OrThrow(Room.Workers)) };
    }

    public override async Task<WorkersDeleteResponse> Delete(WorkersDeleteRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        (await presence.RemoveAsync(context.GetTenant(), request.Id, context.CancellationToken).ConfigureAwait(false)).OrThrow(Room.Workers);
        return new();
    }

    public override async Task<WorkersRecordHeartbeatResponse> RecordHeartbeat(WorkersRecordHeartbeatRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var credential = context.GetCredential();
        if (!credential.MayBe(request.Id))
        {
            // What is not there is not there for anybody; what is there says that this is not its token.
            (await presence.GetAsync(credential.Tenant, request.Id, context.CancellationToken).ConfigureAwait(false)).OrThrow(Room.Workers);
            throw StatusTable.Fail(StatusCode.Unauthenticated, "CREDENTIAL_NOT_BOUND", "This credential is bound to another worker.");
        }

        var activity = new Activity(
            request.IsActiveRecently, request.HasSentAt ? request.SentAt : null, request.HasLastActivityAt ? request.LastActivityAt : null,
            request.HasOpenSessionCount ? request.OpenSessionCount : null);
        var outcome = await presence.BeatAsync(credential.Tenant, request.Id, activity, context.CancellationToken).ConfigureAwait(false);
        var worker = outcome.OrThrow(Room.Workers);
        var response = new WorkersRecordHeartbeatResponse
        {
            WorkerId = request.Id,
            IsActiveRecently = request.IsActiveRecently,
            LastHeartbeatAt = worker.Number(WorkerFields.HeartbeatAt)!.Value,
        };
        if (request.HasOpenSessionCount)
        {
            response.OpenSessionCount = request.OpenSessionCount;
        }

        if (worker.Number(WorkerFields.ActiveAt) is { } activeAt)
        {
            response.LastActiveAt = activeAt;
        }

        return response;
    }

    private static Worker ToWorker(Record record)
    {
        var worker = new Worker
        {
            Id = record.Id,
            Present = record.Lease is not null,
            IsActiveRecently = record.Lease is not null && record.Text(WorkerFields.Active) == "1",
            CreatedAt = record.Instant(RecordFields.Created)!.Value.ToUnixTimeMilliseconds(),
        };
        Set(record.Number(WorkerFields.HeartbeatAt), value => worker.LastHeartbeatAt = value);
        Set(record.Number(WorkerFields.ActiveAt), value => worker.LastActiveAt = value);
        Set(record.Number(WorkerFields.Sessions), value => worker.OpenSessionCount = value);
        Set(record.Lease?.ExpiresAt.ToUnixTimeMilliseconds(), value => worker.PresentUntil = value);
        return worker;
    }

    private static void Set(long? value, Action<long> set)
    {
        if (value is { } known)
        {
            set(known);
        }
    }
}
