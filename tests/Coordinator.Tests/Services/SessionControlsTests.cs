using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Tests.Services;

/// <summary>What was asked of a lease's holder while it had no stream comes with the welcome, and again only until it is acknowledged.</summary>
public sealed class SessionControlsTests : IAsyncLifetime
{
    private RunningHost _host = null!;
    private AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> _call = null!;
    private LeaseRef _lease = null!;

    public async Task InitializeAsync()
    {
        _host = await RunningHost.StartAsync(time: new ManualTime());
        var id = (await _host.Runs.QueueAsync(new() { LaneKey = "web", Title = "t" }, RunningHost.Headers)).Run.Id;
        var claim = await _host.Runs.ClaimAsync(new() { Id = id, WorkerId = "w", LeaseSeconds = 60 }, RunningHost.Headers);
        await _host.Runs.PauseAsync(new() { Id = id }, RunningHost.Headers);
        _lease = new() { Resource = $"run:{id}", Token = claim.FencingToken };
        _call = _host.Sessions.Connect(RunningHost.Headers);
    }

    public async Task DisposeAsync()
    {
        _call.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Control_AcknowledgedAfterTheWelcome_DoesNotComeAgain()
    {
        var control = await ResumeAsync();
        Assert.Equal("pause", control.Kind);
        await _call.RequestStream.WriteAsync(new() { ControlAck = new() { Id = control.Id } });
        await BeatAsync(1);
        Assert.Equal(1, (await _call.ResponseStream.NextAsync()).HeartbeatAck.Renewed);
        _call.Dispose();
        _call = _host.Sessions.Connect(RunningHost.Headers);
        Assert.Null(await ResumeAsync());
    }

    [Fact]
    public async Task Control_NotAcknowledged_IsRepeatedOnceWithEachHeartbeat()
    {
        var control = await ResumeAsync();
        for (var beat = 1; beat <= 2; beat++)
        {
            await BeatAsync(beat);
            var repeated = (await _call.ResponseStream.NextAsync()).Control;
            Assert.Equal((control.Id, Control.Types.Kind.Pause, _lease), (repeated.Id, repeated.Kind, repeated.Lease));
            Assert.Equal(beat, (await _call.ResponseStream.NextAsync()).HeartbeatAck.Sequence);
        }
    }

    private async Task<LeaseControl> ResumeAsync()
    {
        await _call.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = "w", Resume = new() { Leases = { _lease } } } });
        return Assert.Single((await _call.ResponseStream.NextAsync()).Welcome.Resumed).Control;
    }

    private async Task BeatAsync(long sequence) => await _call.RequestStream.WriteAsync(new() { Heartbeat = new() { Sequence = sequence, All = true } });
}
