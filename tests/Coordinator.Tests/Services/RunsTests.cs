using Coordinator.Leases;
using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Protobuf;

namespace Coordinator.Tests.Services;

/// <summary>The life of a run, as callers on the wire see it.</summary>
public sealed class RunsTests : RunsWorld
{
    [Fact]
    public async Task Queue_WithEverything_IsShownAsItWasQueued()
    {
        var request = new RunsQueueRequest
        {
            LaneKey = "web",
            Title = "Build the page",
            Role = "frontend",
            Payload = ByteString.CopyFromUtf8("""{"z":1.50,"a":[]}"""),
            PlanId = "p",
            TicketIds = { "t1", "t2" },
        };
        var run = (await Client.QueueAsync(request, RunningHost.Headers)).Run;
        Assert.Equal(("web", "Build the page", "frontend", "queued"), (run.LaneKey, run.Title, run.Role, run.State));
        Assert.Equal(("p", """{"z":1.50,"a":[]}"""), (run.PlanId, run.Payload.ToStringUtf8()));
        Assert.Equal(["t1", "t2"], run.TicketIds);
        Assert.False(run.HasWorkerId || run.HasPhase || run.HasProjectId || run.LeaseExpiresAt is not null || run.ClaimedAt is not null);
        Assert.Equal(run, (await Client.GetAsync(new() { Id = run.Id.ToUpperInvariant() }, RunningHost.Headers)).Run);
    }

    [Fact] // L8
    public async Task Queue_SameOperation_IsOneRun()
    {
        var first = await QueueAsync(operation: "op");
        Assert.Equal(first, await QueueAsync(operation: "op"));
        var refused = await Statuses.RefusedAsync(Client.QueueAsync(new() { LaneKey = "web", Title = "other", OperationId = "op" }, RunningHost.Headers));
        Assert.Equal("OPERATION_MISMATCH", refused.Reason());
    }

    [Fact]
    public async Task Life_QueuedClaimedRunningShippingShipped()
    {
        var id = (await QueueAsync()).Id;
        var claim = await Client.ClaimNextAsync(new() { LaneKey = "web", WorkerId = "w", LeaseSeconds = 60 }, RunningHost.Headers);
        Assert.Equal((id, "claimed", "w"), (claim.Run.Id, claim.Run.State, claim.Run.WorkerId));
        Assert.Equal(Time.GetUtcNow().AddSeconds(60), claim.Run.LeaseExpiresAt.ToDateTimeOffset());
        var report = await Client.ReportAsync(
            new() { Id = id, WorkerId = "w", Phase = "build", LogLine = "line", Events = { new RunReportedEvent { Type = "action" } } }, RunningHost.Headers);
        Assert.Equal(("running", "build", "line"), (report.Run.State, report.Run.Phase, report.Run.LogLine));
        Assert.Equal(Time.GetUtcNow().AddSeconds(120), report.Run.LeaseExpiresAt.ToDateTimeOffset());
        Assert.Equal(Time.GetUtcNow(), report.Run.LastHeartbeat.ToDateTimeOffset());
        report = await Client.ReportAsync(new() { Id = id, WorkerId = "w", Events = { new RunReportedEvent { Type = "ship_complete" } } }, RunningHost.Headers);
        Assert.Equal(("shipping", "build", "line"), (report.Run.State, report.Run.Phase, report.Run.LogLine));
        var shipped = (await Client.ReleaseAsync(new() { Id = id, WorkerId = "w", Outcome = "shipped" }, RunningHost.Headers)).Run;
        Assert.Equal(("shipped", false), (shipped.State, shipped.HasWorkerId));
        Assert.Equal("RUN_ENDED", await ReasonAsync(Client.ReportAsync(new() { Id = id, WorkerId = "w" }, RunningHost.Headers)));
        var events = (await Client.ReadEventsAsync(new() { Id = id }, RunningHost.Headers)).Events;
        Assert.Equal([(1, "action", claim.FencingToken), (2, "ship_complete", claim.FencingToken)], events.Select(e => (e.Sequence, e.Type, e.FencingToken)));
    }

    [Fact] // X1
    public async Task Claim_ThatRunsOut_IsQueuedAgain()
    {
        var id = await ClaimedAsync();
        Time.Advance(TimeSpan.FromSeconds(120));
        var run = (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Run;
        Assert.Equal(("queued", false, null), (run.State, run.HasWorkerId, run.LeaseExpiresAt));
        var refused = (await Statuses.RefusedAsync(Client.ReportAsync(new() { Id = id, WorkerId = "w" }, RunningHost.Headers))).Rich().Info();
        Assert.Equal(("CLAIM_NOT_HELD", false), (refused.Reason, refused.Metadata.ContainsKey("worker_id")));
    }

    [Fact]
    public async Task ClaimNext_ThatWaits_GetsWhatIsQueuedMeanwhile()
    {
        var waiting = Client.ClaimNextAsync(new() { LaneKey = "web", WorkerId = "w", WaitSeconds = 30 }, RunningHost.Headers).ResponseAsync;
        var queued = await QueueAsync();
        // Virtual time stands still: what wakes the waiter is the news, not its poll. It may not have begun to listen before the run came.
        await Eventually.TrueAsync(
            () =>
            {
                Time.Advance(TimeSpan.FromMilliseconds(100));
                return Task.FromResult(waiting.IsCompleted);
            },
            TimeSpan.FromSeconds(20), "the claim is answered");
        Assert.Equal(queued.Id, (await waiting).Run.Id);
    }

    [Fact]
    public async Task List_FiltersAndPages()
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add((await QueueAsync(lane: i < 3 ? "web" : "api")).Id);
        }

        var web = await Client.ListAsync(new() { LaneKey = "web", Limit = 2 }, RunningHost.Headers);
        Assert.Equal(ids[..2], web.Runs.Select(run => run.Id));
        var rest = await Client.ListAsync(new() { LaneKey = "web", Limit = 2, Cursor = web.NextCursor }, RunningHost.Headers);
        Assert.Equal((ids[2], false), (Assert.Single(rest.Runs).Id, rest.HasNextCursor));
        await Client.CancelAsync(new() { Id = ids[4] }, RunningHost.Headers);
        Assert.Equal(ids[4], Assert.Single((await Client.ListAsync(new() { State = "failed" }, RunningHost.Headers)).Runs).Id);
        var all = (await Client.ListAsync(new(), RunningHost.Headers)).Runs.Select(run => run.Id);
        Assert.Equal(ids.Order(), all.Order());
        Assert.Equal("INVALID_FIELD", await ReasonAsync(Client.ListAsync(new() { Cursor = "x" }, RunningHost.Headers)));
    }

    [Fact] // S2
    public async Task AnotherTenantsRun_LooksLikeAMissingOne()
    {
        var id = await ClaimedAsync();
        var stranger = Host.Credentials.Add("stranger", tenant: new('f', 32));
        var foreign = await Statuses.RefusedAsync(Client.ReportAsync(new() { Id = id, WorkerId = "w" }, stranger));
        var missing = await Statuses.RefusedAsync(Client.ReportAsync(new() { Id = RunId(), WorkerId = "w" }, stranger));
        Assert.Equal(("RUN_NOT_FOUND", foreign.StatusCode), (missing.Reason(), missing.StatusCode));
        Assert.Equal("RUN_NOT_FOUND", foreign.Reason());
    }

    [Fact]
    public async Task Claim_WithACredentialOfAnotherWorker_IsRefused()
    {
        var id = (await QueueAsync()).Id;
        var bound = Host.Credentials.Add("bound", "runs:write", "fleet-*");
        Assert.Equal("CREDENTIAL_NOT_BOUND", await ReasonAsync(Client.ClaimAsync(new() { Id = id, WorkerId = "other" }, bound)));
        Assert.Equal("fleet-1", (await Client.ClaimAsync(new() { Id = id, WorkerId = "fleet-1" }, bound)).Run.WorkerId);
    }

    [Fact]
    public async Task FollowEvents_ThenEndsWithItsCaller()
    {
        var id = await ClaimedAsync();
        using var follow = Client.FollowEvents(new() { Id = id }, RunningHost.Headers);
        for (var i = 1; i <= 3; i++)
        {
            await Client.ReportAsync(new() { Id = id, WorkerId = "w", Events = { new RunReportedEvent { Type = "action" } } }, RunningHost.Headers);
            Assert.Equal(i, Assert.Single((await follow.ResponseStream.NextAsync()).Events).Sequence);
        }
    }

    private static string RunId() => Coordinator.Runs.RunRules.MakeId(ResourceKey.PartitionOfLane(RunningHost.Tenant, "web")).ToString();
}
