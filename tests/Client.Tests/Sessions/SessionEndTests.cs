using Client.Tests.Harness;
using Coordinator.Client;
using Coordinator.Testing;

namespace Client.Tests.Sessions;

/// <summary>What becomes of those who ask a session that ends or has ended.</summary>
public sealed class SessionEndTests : SessionTest
{
    [Fact]
    public async Task Dispose_WhileAnAcquireWaits_RefusesIt()
    {
        var (acquiring, adopting) = (Session.AcquireAsync("job"), Session.AdoptAsync("run:1", 1));
        await Stream.NextAsync();
        await Stream.NextAsync();
        await Session.DisposeAsync();
        foreach (var asking in new[] { acquiring, adopting })
        {
            var refused = await Assert.ThrowsAsync<CoordinatorException>(() => asking.WaitAsync(Bound));
            Assert.Equal(("SESSION_DISPOSED", "The session was disposed."), (refused.Reason, refused.Message));
        }
    }

    [Fact]
    public async Task AcquireAndAdopt_AfterDispose_AreRefused()
    {
        await Session.DisposeAsync();
        Assert.Equal("SESSION_DISPOSED", (await Assert.ThrowsAsync<CoordinatorException>(() => Session.AcquireAsync("job").WaitAsync(Bound))).Reason);
        Assert.Equal("SESSION_DISPOSED", (await Assert.ThrowsAsync<CoordinatorException>(() => Session.AdoptAsync("run:1", 1).WaitAsync(Bound))).Reason);
    }

    [Fact]
    public async Task Acquire_GrantedWhileTheSessionEnds_IsReleased()
    {
        var lease = await AcquireAsync(1);
        var acquiring = Session.AcquireAsync("other");
        var acquire = (await Stream.NextAsync()).Acquire;
        var disposing = Session.DisposeAsync().AsTask();
        Assert.Equal(1, (await Stream.NextAsync()).Release.Token);
        await GrantAsync(acquire.RequestId, 2, "other");
        Assert.Equal(("other", 2), (await Stream.NextAsync()).Release is var release ? (release.Resource, release.Token) : default);
        await Assert.ThrowsAsync<CoordinatorException>(() => acquiring.WaitAsync(Bound));
        await ReleasedAsync(1);
        await disposing.WaitAsync(Bound);
        Assert.Equal(LeaseEnd.Released, lease.End);
    }

    [Fact]
    public async Task Dispose_CalledTwice_WaitsForTheSameEnd()
    {
        await AcquireAsync(1);
        var first = Session.DisposeAsync().AsTask();
        await Stream.NextAsync();
        var second = Session.DisposeAsync().AsTask();
        Assert.False(first.IsCompleted || second.IsCompleted);
        await ReleasedAsync(1);
        await Task.WhenAll(first, second).WaitAsync(Bound);
        await Eventually.TrueAsync(() => Session.Leases.Count == 0, Bound, "nothing is held");
    }

    [Fact]
    public async Task Dispose_OfASessionWhoseClientIsGone_ReleasesEverything()
    {
        var lease = await AcquireAsync(1);
        await Client.DisposeAsync();
        // The first is of the stream that was open, the second of one that could not be opened any more.
        await Eventually.TrueAsync(() => Notices.Count(notice => notice.Kind == SessionNoticeKind.Disconnected) >= 2, Bound, "the session tries again");
        await Session.DisposeAsync().AsTask().WaitAsync(Bound);
        Assert.True(lease.Lost.WaitHandle.WaitOne(Bound));
        Assert.Equal(LeaseEnd.OutcomeUnknown, lease.End);
        Assert.Empty(Session.Leases);
    }
}
