using Client.Tests.Harness;
using Coordinator.Client;

namespace Client.Tests.Sessions;

/// <summary>A lease that is adopted again by the session that holds it has one handle, which hears of its end.</summary>
public sealed class AdoptTests : SessionTest
{
    [Fact]
    public async Task Adopt_OfALeaseAdoptedBefore_GivesTheSameHandle()
    {
        var first = await AdoptAsync();
        Assert.Same(first, await AdoptAsync());
        Assert.Equal([first], Session.Leases);
        await EndAsync(first);
        Assert.True(first.Lost.WaitHandle.WaitOne(Bound));
    }

    [Fact]
    public async Task Adopt_TwiceAtOnce_GivesTheSameHandle()
    {
        var (one, other) = (Session.AdoptAsync("job", 1), Session.AdoptAsync("job", 1));
        await GrantAsync((await Stream.NextAsync()).Adopt.RequestId, 1);
        await GrantAsync((await Stream.NextAsync()).Adopt.RequestId, 1);
        var lease = await one.WaitAsync(Bound);
        Assert.Same(lease, await other.WaitAsync(Bound));
        await EndAsync(lease);
    }

    [Fact]
    public async Task Adopt_OfALeaseAcquiredHere_GivesTheSameHandle()
    {
        var acquired = await AcquireAsync(1);
        Assert.Same(acquired, await AdoptAsync());
        await EndAsync(acquired);
    }

    [Fact]
    public async Task Adopt_AgainAndGrantedAfterItsCallerLeft_LeavesTheLeaseHeld()
    {
        var lease = await AdoptAsync();
        using var leaves = new CancellationTokenSource();
        var again = Session.AdoptAsync("job", 1, leaves.Token);
        var adopt = (await Stream.NextAsync()).Adopt;
        await leaves.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => again.WaitAsync(Bound));
        await GrantAsync(adopt.RequestId, 1);
        // Once the one has its answer, the grant before it was taken in; no release stands before the other.
        await AcquireAsync(2, "other");
        await AcquireAsync(3, "third");
        Assert.Contains(lease, Session.Leases);
        await EndAsync(lease);
    }

    private async Task<LeaseHandle> AdoptAsync()
    {
        var adopting = Session.AdoptAsync("job", 1);
        await GrantAsync((await Stream.NextAsync()).Adopt.RequestId, 1);
        return await adopting.WaitAsync(Bound);
    }
}
