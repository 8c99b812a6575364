using Client.Tests.Harness;
using Coordinator.Client;
using Coordinator.Testing;
using Grpc.Core;

namespace Client.Tests.Sessions;

/// <summary>Acquires and releases over a real stream: asked until they are answered, whatever happens to the stream.</summary>
public sealed class SessionRequestsTests : SessionTest
{
    [Fact]
    public async Task Acquire_OverABreak_IsSentAgainUnderTheSameId()
    {
        var acquiring = Session.AcquireAsync("job", TimeSpan.FromSeconds(30));
        var first = (await Stream.NextAsync()).Acquire;
        Assert.Equal(("job", 30_000), (first.Resource, first.TtlMs));
        await BreakAsync();
        var again = (await Stream.NextAsync()).Acquire;
        Assert.Equal(first, again);
        await GrantAsync(again.RequestId, 7);
        var lease = await acquiring.WaitAsync(Bound);
        Assert.Equal(new LeaseId("job", 7), lease.Id);
        Assert.Equal([lease], Session.Leases);
        await EndAsync(lease);
    }

    [Fact]
    public async Task Acquire_RefusedInPassing_IsSentAgainUntilItIsRefusedForGood()
    {
        var acquiring = Session.AcquireAsync("job");
        var first = (await Stream.NextAsync()).Acquire;
        await RefuseAsync(first.RequestId, StatusCode.Unavailable, "STORE_AWAY");
        var again = (await Stream.NextAsync()).Acquire;
        Assert.Equal(first, again);
        await RefuseAsync(first.RequestId, StatusCode.Aborted, "LEASE_HELD");
        await Assert.ThrowsAsync<LeaseHeldException>(() => acquiring.WaitAsync(Bound));
    }

    [Fact]
    public async Task Acquire_GrantedAndOverBeforeItsAnswer_IsAskedAnew()
    {
        var acquiring = Session.AcquireAsync("job");
        var first = (await Stream.NextAsync()).Acquire;
        await RefuseAsync(first.RequestId, StatusCode.NotFound, "LEASE_LOST");
        var anew = (await Stream.NextAsync()).Acquire;
        Assert.NotEqual(first.RequestId, anew.RequestId);
        await GrantAsync(anew.RequestId, 8);
        await EndAsync(await acquiring.WaitAsync(Bound));
    }

    [Fact]
    public async Task Adopt_OfALeaseThatIsOver_IsRefused()
    {
        var adopting = Session.AdoptAsync("run:1", 5);
        var adopt = (await Stream.NextAsync()).Adopt;
        Assert.Equal(new() { Resource = "run:1", Token = 5 }, adopt.Lease);
        await RefuseAsync(adopt.RequestId, StatusCode.NotFound, "LEASE_LOST");
        Assert.Equal("LEASE_LOST", (await Assert.ThrowsAsync<CoordinatorException>(() => adopting.WaitAsync(Bound))).Reason);
    }

    [Fact]
    public async Task Acquire_GrantedAfterItsCallerLeft_IsReleased()
    {
        using var leaves = new CancellationTokenSource();
        var acquiring = Session.AcquireAsync("job", cancellation: leaves.Token);
        var acquire = (await Stream.NextAsync()).Acquire;
        await leaves.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => acquiring.WaitAsync(Bound));
        await GrantAsync(acquire.RequestId, 9);
        Assert.Equal(9, (await Stream.NextAsync()).Release.Token);
        await ReleasedAsync(9);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, "STORE_AWAY")]
    [InlineData(StatusCode.ResourceExhausted, "LIMIT_EXCEEDED")]
    public async Task Release_RefusedInPassingAndOverABreak_IsSentAgain(StatusCode status, string reason)
    {
        var lease = await AcquireAsync(10);
        var releasing = lease.ReleaseAsync();
        var first = (await Stream.NextAsync()).Release;
        Assert.Equal(("job", 10), (first.Resource, first.Token));
        await RefuseAsync(first.RequestId, status, reason);
        Assert.Equal(first, (await Stream.NextAsync()).Release);
        await BreakAsync();
        Assert.Equal(first, (await Stream.NextAsync()).Release);
        Assert.False(releasing.IsCompleted);
        await ReleasedAsync(10);
        await releasing.WaitAsync(Bound);
        Assert.Equal(LeaseEnd.Released, lease.End);
        Assert.Empty(Session.Leases);
    }

    [Fact]
    public async Task Release_OfWhatIsOverAlready_IsDone()
    {
        var lease = await AcquireAsync(11);
        var releasing = lease.ReleaseAsync();
        await RefuseAsync((await Stream.NextAsync()).Release.RequestId, StatusCode.NotFound, "LEASE_LOST");
        await releasing.WaitAsync(Bound);
        Assert.Equal(LeaseEnd.Forgotten, lease.End);
        Assert.Empty(Session.Leases);
    }

    [Fact]
    public async Task Reconnect_RefusedForGood_EndsWhatIsHeldAndWhatWaits()
    {
        var lease = await AcquireAsync(12);
        var acquiring = Session.AcquireAsync("other");
        await Stream.NextAsync();
        Coordinator.Refusal = new(new(StatusCode.PermissionDenied, "No longer."));
        Stream.End();
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<CoordinatorException>(() => acquiring.WaitAsync(Bound))).Status);
        await Eventually.TrueAsync(() => lease.End == LeaseEnd.SessionEnded, Bound, "the lease ends with its session");
        await Assert.ThrowsAsync<CoordinatorException>(() => Session.AcquireAsync("third").WaitAsync(Bound));
    }
}
