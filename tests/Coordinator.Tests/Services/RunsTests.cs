using Coordinator.Leases;
using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Tests.Services;

/// <summary>The life of a run, as callers on the wire see it.</summary>
public sealed class RunsTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private RunningHost _host = null!;

    private V1.Runs.RunsClient Client => _host.Runs;

    public async Task InitializeAsync() => _host = await RunningHost.StartAsync(time: _time);

    public async Task DisposeAsync() => await _host.DisposeAsync();

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
        Assert.Equal(_time.GetUtcNow().AddSeconds(60), claim.Run.LeaseExpiresAt.ToDateTimeOffset());
        var report = await Client.ReportAsync(
            new() { Id = id, WorkerId = "w", Phase = "build", LogLine = "line", Events = { new RunReportedEvent { Type = "action" } } }, RunningHost.Headers);
        Assert.Equal(("running", "build", "line"), (report.Run.State, report.Run.Phase, report.Run.LogLine));
        Assert.Equal(_time.GetUtcNow().AddSeconds(120), report.Run.LeaseExpiresAt.ToDateTimeOffset());
        Assert.Equal(_time.GetUtcNow(), report.Run.LastHeartbeat.ToDateTimeOffset());
        report = await Client.ReportAsync(new() { Id = id, WorkerId = "w", Events = { new RunReportedEvent { Type = "ship_complete" } } }, RunningHost.Headers);
        Assert.Equal(("shipping", "build", "line"), (report.Run.State, report.Run.Phase, report.Run.LogLine));
        var shipped = (await Client.ReleaseAsync(new() { Id = id, WorkerId = "w", Outcome = "shipped" }, RunningHost.Headers)).Run;
        Assert.Equal(("shipped", false), (shipped.State, shipped.HasWorkerId));
        Assert.Equal("RUN_ENDED", await ReasonAsync(Client.ReportAsync(new() { Id = id, WorkerId = "w" }, RunningHost.Headers)));
        var events = (await Client.ReadEventsAsync(new() { Id = id }, RunningHost.Headers)).Events;
        Assert.Equal([(1, "action", claim.FencingToken), (2, "ship_complete", claim.FencingToken)], events.Select(e => (e.Sequence, e.Type, e.FencingToken)));
    }

    [Fact] // L4
    public async Task Report_WithAShorterLease_NeverShortensTheDeadline()
    {
        var id = await ClaimedAsync();
        var before = (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Run.LeaseExpiresAt;
        var report = await Client.ReportAsync(new() { Id = id, WorkerId = "w", LeaseSeconds = 1 }, RunningHost.Headers);
        Assert.Equal(before, report.Run.LeaseExpiresAt);
    }

    [Fact] // L3
    public async Task Report_OfAForeignWorker_ChangesNothingAndNamesTheHolder()
    {
        var id = await ClaimedAsync();
        var before = (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Run;
        var foreign = new RunsReportRequest { Id = id, WorkerId = "x", Phase = "stolen", Events = { new RunReportedEvent { Type = "error" } } };
        var info = (await Statuses.RefusedAsync(Client.ReportAsync(foreign, RunningHost.Headers))).Rich().Info();
        Assert.Equal(("CLAIM_NOT_HELD", "w"), (info.Reason, info.Metadata["worker_id"]));
        Assert.Contains("lease_expires_at", info.Metadata.Keys);
        Assert.Equal(before, (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Run);
        Assert.Empty((await Client.ReadEventsAsync(new() { Id = id }, RunningHost.Headers)).Events);
    }

    [Fact] // E2 E4 L5
    public async Task Report_Numbered_IsExactlyOnceAndUnderItsTokenOnly()
    {
        await QueueAsync();
        var claim = await Client.ClaimNextAsync(new() { LaneKey = "web", WorkerId = "w", LeaseSeconds = 10 }, RunningHost.Headers);
        var report = new RunsReportRequest
        {
            Id = claim.Run.Id,
            WorkerId = "w",
            FencingToken = claim.FencingToken,
            BatchSequence = 1,
            Phase = "one",
            Events = { new RunReportedEvent { Type = "action" } },
        };
        var first = await Client.ReportAsync(report, RunningHost.Headers);
        Assert.Equal(first, await Client.ReportAsync(report, RunningHost.Headers));
        Assert.Single((await Client.ReadEventsAsync(new() { Id = claim.Run.Id }, RunningHost.Headers)).Events);
        var other = report.Clone();
        other.Phase = "two";
        Assert.Equal("BATCH_MISMATCH", await ReasonAsync(Client.ReportAsync(other, RunningHost.Headers)));
        other.BatchSequence = 3;
        Assert.Equal("2", (await Statuses.RefusedAsync(Client.ReportAsync(other, RunningHost.Headers))).Rich().Info().Metadata["expected"]);

        _time.Advance(TimeSpan.FromSeconds(121));
        var next = await Client.ClaimNextAsync(new() { LaneKey = "web", WorkerId = "v" }, RunningHost.Headers);
        Assert.Equal(claim.Run.Id, next.Run.Id);
        Assert.True(next.FencingToken > claim.FencingToken);
        var lost = (await Statuses.RefusedAsync(Client.ReportAsync(report, RunningHost.Headers))).Rich().Info();
        Assert.Equal(("CLAIM_LOST", "v", "expired"), (lost.Reason, lost.Metadata["worker_id"], lost.Metadata["reason"]));
    }

    [Fact] // X1
    public async Task Claim_ThatRunsOut_IsQueuedAgain()
    {
        var id = await ClaimedAsync();
        _time.Advance(TimeSpan.FromSeconds(120));
        var run = (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Run;
        Assert.Equal(("queued", false, null), (run.State, run.HasWorkerId, run.LeaseExpiresAt));
        var refused = (await Statuses.RefusedAsync(Client.ReportAsync(new() { Id = id, WorkerId = "w" }, RunningHost.Headers))).Rich().Info();
        Assert.Equal(("CLAIM_NOT_HELD", false), (refused.Reason, refused.Metadata.ContainsKey("worker_id")));
    }

    [Fact]
    public async Task PauseAndResume_TellTheWorker_AndTheLeaseGoesOn()
    {
        var id = await ClaimedAsync();
        await Client.ReportAsync(new() { Id = id, WorkerId = "w" }, RunningHost.Headers);
        Assert.Equal("paused", (await Client.PauseAsync(new() { Id = id }, RunningHost.Headers)).Run.State);
        Assert.Equal("paused", (await Client.PauseAsync(new() { Id = id }, RunningHost.Headers)).Run.State);
        var report = await Client.ReportAsync(new() { Id = id, WorkerId = "w" }, RunningHost.Headers);
        Assert.Equal(("paused", "pause"), (report.Run.State, Assert.Single(report.Commands).Kind));
        Assert.Equal("running", (await Client.ResumeAsync(new() { Id = id }, RunningHost.Headers)).Run.State);
        Assert.Empty((await Client.ReportAsync(new() { Id = id, WorkerId = "w" }, RunningHost.Headers)).Commands);
    }

    [Fact]
    public async Task Pause_OfWhatNobodyHoldsOrIsOver_IsRefused()
    {
        var id = (await QueueAsync()).Id;
        Assert.Equal("CLAIM_NOT_HELD", await ReasonAsync(Client.PauseAsync(new() { Id = id }, RunningHost.Headers)));
        await Client.CancelAsync(new() { Id = id }, RunningHost.Headers);
        Assert.Equal("RUN_ENDED", await ReasonAsync(Client.PauseAsync(new() { Id = id }, RunningHost.Headers)));
    }

    [Fact]
    public async Task Cancel_IsToldUntilTheWorkerLetsGo_AndNothingReplacesIt()
    {
        var id = await ClaimedAsync();
        Assert.Equal("claimed", (await Client.CancelAsync(new() { Id = id, Reason = "enough" }, RunningHost.Headers)).Run.State);
        Assert.Equal("RUN_ENDED", await ReasonAsync(Client.PauseAsync(new() { Id = id }, RunningHost.Headers)));
        var command = Assert.Single((await Client.ReportAsync(new() { Id = id, WorkerId = "w" }, RunningHost.Headers)).Commands);
        Assert.Equal(("cancel", "enough"), (command.Kind, command.Reason));
        Assert.Equal("failed", (await Client.ReleaseAsync(new() { Id = id, WorkerId = "w", Outcome = "shipped" }, RunningHost.Headers)).Run.State);
    }

    [Fact]
    public async Task Cancel_OfWhatWaitsOrWhoseWorkerIsGone_IsFailed()
    {
        var waits = (await QueueAsync()).Id;
        Assert.Equal("failed", (await Client.CancelAsync(new() { Id = waits }, RunningHost.Headers)).Run.State);
        Assert.Null((await Client.ClaimNextAsync(new() { LaneKey = "web", WorkerId = "w" }, RunningHost.Headers)).Run);
        var held = await ClaimedAsync();
        await Client.CancelAsync(new() { Id = held }, RunningHost.Headers);
        _time.Advance(TimeSpan.FromSeconds(120));
        Assert.Equal("failed", (await Client.GetAsync(new() { Id = held }, RunningHost.Headers)).Run.State);
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
                _time.Advance(TimeSpan.FromMilliseconds(100));
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

    [Fact] // G1: a run that was claimed by a unary call moves onto the worker's stream
    public async Task Adopt_PutsTheClaimOnTheStream()
    {
        var id = (await QueueAsync()).Id;
        var claim = await Client.ClaimAsync(new() { Id = id, WorkerId = "w", LeaseSeconds = 10 }, RunningHost.Headers);
        using var call = _host.Sessions.Connect(RunningHost.Headers);
        await call.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = "w" } });
        Assert.NotNull((await call.ResponseStream.NextAsync()).Welcome);
        await call.RequestStream.WriteAsync(new() { Adopt = new() { RequestId = "a", Lease = new() { Resource = $"run:{id}", Token = claim.FencingToken } } });
        Assert.Equal("w", (await call.ResponseStream.NextAsync()).Granted.Lease.Holder);
        await call.RequestStream.WriteAsync(new() { EventBatch = new() { Resource = $"run:{id}", Token = claim.FencingToken, BatchSequence = 1, Events = { new Event { Type = "action", Payload = ByteString.CopyFromUtf8("no json") } } } });
        Assert.Equal(1, (await call.ResponseStream.NextAsync()).EventAck.AckedSequence);
        var run = (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Run;
        Assert.Equal(("running", "w"), (run.State, run.WorkerId));
        var shown = Assert.Single((await Client.ReadEventsAsync(new() { Id = id }, RunningHost.Headers)).Events);
        Assert.Equal("\"bm8ganNvbg==\"", shown.Payload.ToStringUtf8());

        await Client.PauseAsync(new() { Id = id }, RunningHost.Headers);
        var pause = (await call.ResponseStream.NextAsync()).Control;
        Assert.Equal((Control.Types.Kind.Pause, $"run:{id}"), (pause.Kind, pause.Lease.Resource));
        await Client.CancelAsync(new() { Id = id, Reason = "enough" }, RunningHost.Headers);
        var cancel = (await call.ResponseStream.NextAsync()).Control;
        Assert.Equal((Control.Types.Kind.Cancel, "enough"), (cancel.Kind, cancel.Reason));
        await call.RequestStream.WriteAsync(new() { ControlAck = new() { Id = cancel.Id } });
        await Eventually.TrueAsync(
            async () => (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Run.State == "failed", TimeSpan.FromSeconds(20), "the run has failed");
    }

    [Theory]
    [InlineData("other", 0)]
    [InlineData("w", 1)]
    public async Task Adopt_OfWhatIsNotHeld_IsRefused(string worker, long wrong)
    {
        var id = (await QueueAsync()).Id;
        var claim = await Client.ClaimAsync(new() { Id = id, WorkerId = "w", LeaseSeconds = 10 }, RunningHost.Headers);
        using var call = _host.Sessions.Connect(RunningHost.Headers);
        await call.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = worker } });
        await call.ResponseStream.NextAsync();
        await call.RequestStream.WriteAsync(new() { Adopt = new() { RequestId = "a", Lease = new() { Resource = $"run:{id}", Token = claim.FencingToken + wrong } } });
        Assert.Equal("LEASE_LOST", (await call.ResponseStream.NextAsync()).Refused.Status.Info().Reason);
    }

    [Theory]
    [InlineData("", "w", "id")]
    [InlineData("not-a-uuid", "w", "id")]
    [InlineData("00000000-0000-4000-8000-000000000000", "", "worker_id")]
    [InlineData("00000000-0000-4000-8000-000000000000", "a\nb", "worker_id")]
    public async Task Report_WithABadField_NamesIt(string id, string worker, string field)
    {
        var refused = await Statuses.RefusedAsync(Client.ReportAsync(new() { Id = id, WorkerId = worker }, RunningHost.Headers));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Equal(field, Assert.Single(refused.Rich().Find<Google.Rpc.BadRequest>()!.FieldViolations).Field);
    }

    [Fact]
    public async Task Report_WithBadEvents_NamesThem()
    {
        var id = await ClaimedAsync();
        foreach (var (e, field) in new[]
        {
            (new RunReportedEvent { Type = "unknown" }, "events[0].type"),
            (new RunReportedEvent(), "events[0].type"),
            (new RunReportedEvent { Type = "action", Payload = ByteString.CopyFromUtf8("[1]") }, "events[0].payload"),
            (new RunReportedEvent { Type = "action", Payload = ByteString.CopyFromUtf8("{") }, "events[0].payload"),
            (new RunReportedEvent { Type = "action", Payload = ByteString.CopyFromUtf8("{}x") }, "events[0].payload"),
        })
        {
            var refused = await Statuses.RefusedAsync(Client.ReportAsync(new() { Id = id, WorkerId = "w", Events = { e } }, RunningHost.Headers));
            Assert.Equal(field, Assert.Single(refused.Rich().Find<Google.Rpc.BadRequest>()!.FieldViolations).Field);
        }
    }

    [Fact] // S2
    public async Task AnotherTenantsRun_LooksLikeAMissingOne()
    {
        var id = await ClaimedAsync();
        var stranger = _host.Credentials.Add("stranger", tenant: new('f', 32));
        var foreign = await Statuses.RefusedAsync(Client.ReportAsync(new() { Id = id, WorkerId = "w" }, stranger));
        var missing = await Statuses.RefusedAsync(Client.ReportAsync(new() { Id = RunId(), WorkerId = "w" }, stranger));
        Assert.Equal(("RUN_NOT_FOUND", foreign.StatusCode), (missing.Reason(), missing.StatusCode));
        Assert.Equal("RUN_NOT_FOUND", foreign.Reason());
    }

    [Fact]
    public async Task Claim_WithACredentialOfAnotherWorker_IsRefused()
    {
        var id = (await QueueAsync()).Id;
        var bound = _host.Credentials.Add("bound", "runs:write", "fleet-*");
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

    private static async Task<string> ReasonAsync<T>(AsyncUnaryCall<T> call) => (await Statuses.RefusedAsync(call)).Reason();

    private async Task<Run> QueueAsync(string lane = "web", string operation = "") =>
        (await Client.QueueAsync(new() { LaneKey = lane, Title = "a run", OperationId = operation }, RunningHost.Headers)).Run;

    private async Task<string> ClaimedAsync()
    {
        var id = (await QueueAsync()).Id;
        await Client.ClaimAsync(new() { Id = id, WorkerId = "w" }, RunningHost.Headers);
        return id;
    }
}
