using Client.Tests.Harness;
using Coordinator.Client;
using Coordinator.Testing;
using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Client.Tests.Sessions;

/// <summary>Acquires and releases over a real stream: asked until they are answered, whatever happens to the stream.</summary>
public sealed class SessionRequestsTests : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private FakeSessions _coordinator = null!;
    private CoordinatorClient _client = null!;
    private WorkerSession _session = null!;
    private FakeSessions.Connection _stream = null!;

    public async Task InitializeAsync()
    {
        _coordinator = await FakeSessions.StartAsync();
        _client = _coordinator.Client();
        _session = await _client.StartWorkerAsync(new() { WorkerId = "worker" });
        _stream = await _coordinator.NextAsync();
    }

    public async Task DisposeAsync()
    {
        await _session.DisposeAsync();
        await _client.DisposeAsync();
        await _coordinator.DisposeAsync();
    }

    [Fact]
    public async Task Acquire_OverABreak_IsSentAgainUnderTheSameId()
    {
        var acquiring = _session.AcquireAsync("job", TimeSpan.FromSeconds(30));
        var first = (await _stream.NextAsync()).Acquire;
        Assert.Equal(("job", 30_000), (first.Resource, first.TtlMs));
        await BreakAsync();
        var again = (await _stream.NextAsync()).Acquire;
        Assert.Equal(first, again);
        await GrantAsync(again.RequestId, 7);
        var lease = await acquiring.WaitAsync(Bound);
        Assert.Equal(new LeaseId("job", 7), lease.Id);
        Assert.Equal([lease], _session.Leases);
        await EndAsync(lease);
    }

    [Fact]
    public async Task Acquire_RefusedInPassing_IsSentAgainUntilItIsRefusedForGood()
    {
        var acquiring = _session.AcquireAsync("job");
        var first = (await _stream.NextAsync()).Acquire;
        await RefuseAsync(first.RequestId, StatusCode.Unavailable, "STORE_AWAY");
        var again = (await _stream.NextAsync()).Acquire;
        Assert.Equal(first, again);
        await RefuseAsync(first.RequestId, StatusCode.Aborted, "LEASE_HELD");
        await Assert.ThrowsAsync<LeaseHeldException>(() => acquiring.WaitAsync(Bound));
    }

    [Fact]
    public async Task Acquire_GrantedAndOverBeforeItsAnswer_IsAskedAnew()
    {
        var acquiring = _session.AcquireAsync("job");
        var first = (await _stream.NextAsync()).Acquire;
        await RefuseAsync(first.RequestId, StatusCode.NotFound, "LEASE_LOST");
        var anew = (await _stream.NextAsync()).Acquire;
        Assert.NotEqual(first.RequestId, anew.RequestId);
        await GrantAsync(anew.RequestId, 8);
        await EndAsync(await acquiring.WaitAsync(Bound));
    }

    [Fact]
    public async Task Adopt_OfALeaseThatIsOver_IsRefused()
    {
        var adopting = _session.AdoptAsync("run:1", 5);
        var adopt = (await _stream.NextAsync()).Adopt;
        Assert.Equal(new() { Resource = "run:1", Token = 5 }, adopt.Lease);
        await RefuseAsync(adopt.RequestId, StatusCode.NotFound, "LEASE_LOST");
        Assert.Equal("LEASE_LOST", (await Assert.ThrowsAsync<CoordinatorException>(() => adopting.WaitAsync(Bound))).Reason);
    }

    [Fact]
    public async Task Acquire_GrantedAfterItsCallerLeft_IsReleased()
    {
        using var leaves = new CancellationTokenSource();
        var acquiring = _session.AcquireAsync("job", cancellation: leaves.Token);
        var acquire = (await _stream.NextAsync()).Acquire;
        await leaves.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => acquiring.WaitAsync(Bound));
        await GrantAsync(acquire.RequestId, 9);
        Assert.Equal(9, (await _stream.NextAsync()).Release.Token);
        await ReleasedAsync(9);
    }

    [Fact]
    public async Task Release_RefusedInPassingAndOverABreak_IsSentAgain()
    {
        var lease = await AcquireAsync(10);
        var releasing = lease.ReleaseAsync();
        var first = (await _stream.NextAsync()).Release;
        Assert.Equal(("job", 10), (first.Resource, first.Token));
        await RefuseAsync(first.RequestId, StatusCode.Unavailable, "STORE_AWAY");
        Assert.Equal(first, (await _stream.NextAsync()).Release);
        await BreakAsync();
        Assert.Equal(first, (await _stream.NextAsync()).Release);
        Assert.False(releasing.IsCompleted);
        await ReleasedAsync(10);
        await releasing.WaitAsync(Bound);
        Assert.Equal(LeaseEnd.Released, lease.End);
        Assert.Empty(_session.Leases);
    }

    [Fact]
    public async Task Release_OfWhatIsOverAlready_IsDone()
    {
        var lease = await AcquireAsync(11);
        var releasing = lease.ReleaseAsync();
        await RefuseAsync((await _stream.NextAsync()).Release.RequestId, StatusCode.NotFound, "LEASE_LOST");
        await releasing.WaitAsync(Bound);
        Assert.Empty(_session.Leases);
    }

    [Fact]
    public async Task Reconnect_RefusedForGood_EndsWhatIsHeldAndWhatWaits()
    {
        var lease = await AcquireAsync(12);
        var acquiring = _session.AcquireAsync("other");
        await _stream.NextAsync();
        _coordinator.Refusal = new(new(StatusCode.PermissionDenied, "No longer."));
        _stream.End();
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<CoordinatorException>(() => acquiring.WaitAsync(Bound))).Status);
        await Eventually.TrueAsync(() => lease.End == LeaseEnd.SessionEnded, Bound, "the lease ends with its session");
        await Assert.ThrowsAsync<CoordinatorException>(() => _session.AcquireAsync("third").WaitAsync(Bound));
    }

    private async Task<LeaseHandle> AcquireAsync(long token)
    {
        var acquiring = _session.AcquireAsync("job");
        await GrantAsync((await _stream.NextAsync()).Acquire.RequestId, token);
        return await acquiring.WaitAsync(Bound);
    }

    private async Task EndAsync(LeaseHandle lease)
    {
        var releasing = lease.ReleaseAsync();
        Assert.Equal(lease.Token, (await _stream.NextAsync()).Release.Token);
        await ReleasedAsync(lease.Token);
        await releasing.WaitAsync(Bound);
    }

    private async Task BreakAsync()
    {
        _stream.End();
        _stream = await _coordinator.NextAsync();
    }

    private Task GrantAsync(string requestId, long token) =>
        _stream.SendAsync(new() { Granted = new() { RequestId = requestId, Lease = new() { Resource = "job", Token = token, TtlMs = 30_000 } } });

    private Task ReleasedAsync(long token) => _stream.SendAsync(new() { Released = new() { Resource = "job", Token = token } });

    private Task RefuseAsync(string requestId, StatusCode code, string reason) => _stream.SendAsync(new()
    {
        Refused = new()
        {
            RequestId = requestId,
            Status = new Status { Code = (int)code, Message = reason, Details = { Any.Pack(new ErrorInfo { Reason = reason }) } },
        },
    });
}
