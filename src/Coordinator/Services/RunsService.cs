using Coordinator.Credentials;
using Coordinator.Events;
using Coordinator.Leases;
using Coordinator.Records;
using Coordinator.Runs;
using Coordinator.V1;
using Grpc.Core;
using System.Globalization;

namespace Coordinator.Services;

/// <summary>Runs: translates, asks the rooms, translates back.</summary>
internal sealed class RunsService(RunLanes lanes, RunClaims claims, RecordPages pages, EventReader events) : V1.Runs.RunsBase
{
    public override async Task<RunsQueueResponse> Queue(RunsQueueRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        if (request.HasPayload && request.Payload.Length > RunRules.MaxPayloadBytes)
        {
            throw StatusTable.ToException(Refusal.Invalid("payload", $"must be at most {RunRules.MaxPayloadBytes} bytes, not {request.Payload.Length}"));
        }

        var outcome = await lanes.QueueAsync(
            context.GetTenant(), request.LaneKey, request.ToFields(), request.OperationId, context.CancellationToken).ConfigureAwait(false);
        return new() { Run = Shown(outcome) };
    }

    public override async Task<RunsListResponse> List(RunsListRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var tenant = context.GetTenant();
        int? partition = request.LaneKey.Length == 0 ? null : ResourceKey.PartitionOfLane(tenant, request.LaneKey);
        var outcome = await pages.ListAsync(
            tenant, "run", request.Cursor, request.Limit == 0 ? LeaseBounds.DefaultPageSize : request.Limit, partition,
            record => Matches(request.State, record, RecordFields.State) && Matches(request.LaneKey, record, RunFields.LaneKey), context.CancellationToken)
            .ConfigureAwait(false);
        var (records, next) = outcome.OrThrow(Room.Runs);
        var response = new RunsListResponse { Runs = { records.Select(record => record.ToRun()) } };
        if (next is not null)
        {
            response.NextCursor = next;
        }

        return response;
    }

    public override async Task<RunsGetResponse> Get(RunsGetRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        return new() { Run = Shown(await lanes.GetAsync(context.GetTenant(), Id(request.Id), context.CancellationToken).ConfigureAwait(false)) };
    }

    public override async Task<RunsClaimNextResponse> ClaimNext(RunsClaimNextRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var outcome = await claims.NextAsync(
            context.GetTenant(), request.LaneKey, Worker(context, request.WorkerId), Lease(request.HasLeaseSeconds, request.LeaseSeconds),
            TimeSpan.FromSeconds(request.WaitSeconds), request.OperationId, context.CancellationToken).ConfigureAwait(false);
        return outcome.OrThrow(Room.Runs) is { Lease: { } lease } claimed ? new() { Run = claimed.ToRun(), FencingToken = lease.Token } : new();
    }

    public override async Task<RunsClaimResponse> Claim(RunsClaimRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var outcome = await lanes.ClaimAsync(
            context.GetTenant(), Id(request.Id), Worker(context, request.WorkerId), Lease(request.HasLeaseSeconds, request.LeaseSeconds),
            request.OperationId, context.CancellationToken).ConfigureAwait(false);
        var claimed = outcome.OrThrow(Room.Runs);
        return new() { Run = claimed.ToRun(), FencingToken = claimed.Lease!.Token };
    }

    public override async Task<RunsReportResponse> Report(RunsReportRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var outcome = await lanes.ReportAsync(
            context.GetTenant(), Id(request.Id), Worker(context, request.WorkerId), request.HasFencingToken ? request.FencingToken : null,
            Lease(request.HasLeaseSeconds, request.LeaseSeconds), request.HasBatchSequence ? request.BatchSequence : null,
            request.HasPhase ? request.Phase : null, request.HasLogLine ? request.LogLine : null,
            [.. request.Events.Select(e => new EventEntry(e.Type, e.Payload.Memory))], context.CancellationToken).ConfigureAwait(false);
        var (record, step) = outcome.OrThrow(Room.Runs);
        return new() { Run = record.ToRun(), FencingToken = record.Lease!.Token, AckedSequence = step.AckedSequence, Commands = { record.Commands() } };
    }

    public override async Task<RunsReleaseResponse> Release(RunsReleaseRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var outcome = await lanes.ReleaseAsync(
            context.GetTenant(), Id(request.Id), Worker(context, request.WorkerId), request.HasFencingToken ? request.FencingToken : null,
            request.Outcome.Length == 0 ? RunRules.Released : request.Outcome, request.OperationId, context.CancellationToken).ConfigureAwait(false);
        return new() { Run = Shown(outcome) };
    }

    public override async Task<RunsCancelResponse> Cancel(RunsCancelRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var outcome = await lanes.CancelAsync(context.GetTenant(), Id(request.Id), request.Reason, context.CancellationToken).ConfigureAwait(false);
        return new() { Run = Shown(outcome) };
    }

    public override async Task<RunsPauseResponse> Pause(RunsPauseRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        return new() { Run = Shown(await lanes.PauseAsync(context.GetTenant(), Id(request.Id), context.CancellationToken).ConfigureAwait(false)) };
    }

    public override async Task<RunsResumeResponse> Resume(RunsResumeRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        return new() { Run = Shown(await lanes.ResumeAsync(context.GetTenant(), Id(request.Id), context.CancellationToken).ConfigureAwait(false)) };
    }

    public override async Task<RunsReadEventsResponse> ReadEvents(RunsReadEventsRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var run = await KnownAsync(request.Id, context).ConfigureAwait(false);
        var page = (await events.ReadAsync(run.Tenant, run.Name, request.After, request.Limit, context.CancellationToken).ConfigureAwait(false))
            .OrThrow(Room.Runs);
        return new()
        {
            Events = { page.Events.Select(stored => stored.ToRunEvent()) },
            NextAfter = page.Events.Count == 0 ? request.After : page.Events[^1].Sequence,
        };
    }

    public override async Task FollowEvents(
        RunsFollowEventsRequest request, IServerStreamWriter<RunsFollowEventsResponse> responseStream, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var run = await KnownAsync(request.Id, context).ConfigureAwait(false);
        var ended = context.GetStream().Ended;
        // A quiet run may have no event for long: whoever follows it learns at once that it is followed.
        await context.WriteResponseHeadersAsync([]).ConfigureAwait(false);
        await foreach (var outcome in events.FollowAsync(run.Tenant, run.Name, request.After, ended).ConfigureAwait(false))
        {
            var page = outcome.OrThrow(Room.Runs);
            await responseStream.WriteAsync(new() { Events = { page.Select(stored => stored.ToRunEvent()) } }, ended).ConfigureAwait(false);
        }
    }

    private async ValueTask<ResourceKey> KnownAsync(string id, ServerCallContext context) =>
        (await lanes.GetAsync(context.GetTenant(), Id(id), context.CancellationToken).ConfigureAwait(false)).OrThrow(Room.Runs).Resource;

    // A credential that stands for one worker may not speak for another.
    private static string Worker(ServerCallContext context, string workerId) =>
        context.GetCredential().MayBe(workerId)
            ? workerId
            : throw StatusTable.Fail(StatusCode.PermissionDenied, "CREDENTIAL_NOT_BOUND", "This credential is bound to another worker.");

    private static Run Shown(Outcome<Record> outcome) => outcome.OrThrow(Room.Runs).ToRun();

    private static Guid Id(string id) => Guid.ParseExact(id, "D");

    private static TimeSpan Lease(bool given, int seconds) => given ? TimeSpan.FromSeconds(seconds) : RunRules.DefaultLease;

    private static bool Matches(string wanted, Record record, string field) => wanted.Length == 0 || record.Text(field) == wanted;
}
