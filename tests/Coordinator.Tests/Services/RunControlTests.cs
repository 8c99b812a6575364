using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Protobuf;

namespace Coordinator.Tests.Services;

/// <summary>What is asked of a run's worker, by a report's answer or on its stream.</summary>
public sealed class RunControlTests : RunsWorld
{
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
        Time.Advance(TimeSpan.FromSeconds(120));
        Assert.Equal("failed", (await Client.GetAsync(new() { Id = held }, RunningHost.Headers)).Run.State);
    }

    [Fact] // G1: a run that was claimed by a unary call moves onto the worker's stream
    public async Task Adopt_PutsTheClaimOnTheStream()
    {
        var id = (await QueueAsync()).Id;
        var claim = await Client.ClaimAsync(new() { Id = id, WorkerId = "w", LeaseSeconds = 10 }, RunningHost.Headers);
        using var call = Host.Sessions.Connect(RunningHost.Headers);
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
        using var call = Host.Sessions.Connect(RunningHost.Headers);
        await call.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = worker } });
        await call.ResponseStream.NextAsync();
        await call.RequestStream.WriteAsync(new() { Adopt = new() { RequestId = "a", Lease = new() { Resource = $"run:{id}", Token = claim.FencingToken + wrong } } });
        Assert.Equal("LEASE_LOST", (await call.ResponseStream.NextAsync()).Refused.Status.Info().Reason);
    }
}
