using Client.Tests.Harness;
using Coordinator.Client;
using Grpc.Core;

namespace Client.Tests.Leases;

/// <summary>A lease is given back once, and whoever asks for that waits until it is.</summary>
public sealed class ReleaseTests : SessionTest
{
    [Fact]
    public async Task Release_CalledAgainWhileItRuns_WaitsForTheSameOutcome()
    {
        var lease = await AcquireAsync(1);
        var first = lease.ReleaseAsync();
        var release = (await Stream.NextAsync()).Release;
        var (second, disposing) = (lease.ReleaseAsync(), lease.DisposeAsync().AsTask());
        Assert.False(second.IsCompleted || disposing.IsCompleted);
        Assert.Equal(LeaseEnd.None, lease.End);
        await ReleasedAsync(1, release.RequestId);
        await Task.WhenAll(first, second, disposing).WaitAsync(Bound);
        Assert.Equal(LeaseEnd.Released, lease.End);
    }

    [Fact]
    public async Task Release_AfterACancelledOne_WaitsUntilItIsAcknowledged()
    {
        var lease = await AcquireAsync(1);
        using var leaves = new CancellationTokenSource();
        var cancelled = lease.ReleaseAsync(leaves.Token);
        var release = (await Stream.NextAsync()).Release;
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(Bound));
        var disposing = lease.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        Assert.Equal([lease], Session.Leases);
        await BreakAsync();
        Assert.Equal(release, (await Stream.NextAsync()).Release);
        await ReleasedAsync(1, release.RequestId);
        await disposing.WaitAsync(Bound);
        Assert.Equal(LeaseEnd.Released, lease.End);
    }

    [Fact]
    public async Task Release_CancelledWhileEventsWait_IsSentWhenTheyAreStored()
    {
        var lease = await AcquireAsync(1);
        await lease.Events.PublishAsync(new("step", default));
        var batch = (await Stream.NextAsync()).EventBatch;
        using var leaves = new CancellationTokenSource();
        var cancelled = lease.ReleaseAsync(leaves.Token);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(Bound));
        var again = lease.ReleaseAsync();
        await Stream.SendAsync(new() { EventAck = new() { Resource = "job", Token = 1, AckedSequence = batch.BatchSequence } });
        var release = (await Stream.NextAsync()).Release;
        Assert.False(again.IsCompleted);
        await ReleasedAsync(1, release.RequestId);
        await again.WaitAsync(Bound);
    }

    [Fact]
    public async Task Release_OfLeasesWithTheSameToken_AreToldApart()
    {
        var (job, other) = (await AcquireAsync(1), await AcquireAsync(1, "other"));
        var (releasing, releasingOther) = (job.ReleaseAsync(), other.ReleaseAsync());
        var releases = new[] { (await Stream.NextAsync()).Release, (await Stream.NextAsync()).Release };
        Assert.NotEqual(releases[0].RequestId, releases[1].RequestId);
        await RefuseAsync(releases.Single(release => release.Resource == "other").RequestId, StatusCode.NotFound, "LEASE_LOST");
        await releasingOther.WaitAsync(Bound);
        Assert.Equal([job], Session.Leases);
        await ReleasedAsync(1);
        await releasing.WaitAsync(Bound);
    }

    [Fact]
    public async Task Release_EventsRefusedForGood_GivesTheLeaseBackAndSaysSo()
    {
        var lease = await AcquireAsync(1);
        await RefuseEventAsync(lease);
        var releasing = lease.ReleaseAsync();
        var release = (await Stream.NextAsync()).Release;
        Assert.Equal(("job", 1), (release.Resource, release.Token));
        Assert.False(releasing.IsCompleted);
        await ReleasedAsync(1, release.RequestId);
        Assert.Equal("BATCH_MISMATCH", (await Assert.ThrowsAsync<CoordinatorException>(() => releasing.WaitAsync(Bound))).Reason);
        Assert.Equal(LeaseEnd.Released, lease.End);
        // It has been told.
        await lease.DisposeAsync();
    }

    [Fact]
    public async Task Dispose_EventsRefusedForGood_GivesTheLeaseBackAndSaysSo()
    {
        var lease = await AcquireAsync(1);
        await RefuseEventAsync(lease);
        var disposing = lease.DisposeAsync().AsTask();
        await ReleasedAsync(1, (await Stream.NextAsync()).Release.RequestId);
        await Assert.ThrowsAsync<CoordinatorException>(() => disposing.WaitAsync(Bound));
        Assert.Equal(LeaseEnd.Released, lease.End);
    }

    private async Task RefuseEventAsync(LeaseHandle lease)
    {
        await lease.Events.PublishAsync(new("step", default));
        var batch = (await Stream.NextAsync()).EventBatch;
        await Stream.SendAsync(new()
        {
            Refused = new()
            {
                Batch = new() { Resource = batch.Resource, Token = batch.Token, BatchSequence = batch.BatchSequence },
                Status = Refusal(StatusCode.InvalidArgument, "BATCH_MISMATCH"),
            },
        });
        await Assert.ThrowsAsync<CoordinatorException>(() => lease.Events.FlushAsync().WaitAsync(Bound));
    }
}
