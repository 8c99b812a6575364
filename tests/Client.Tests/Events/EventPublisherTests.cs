using Client.Tests.Harness;
using Coordinator.Client;
using Coordinator.V1;

namespace Client.Tests.Events;

/// <summary>Events of a lease over a real stream: what is taken in is stored before the lease is given back.</summary>
public sealed class EventPublisherTests : SessionTest
{
    private const int Allowed = 100;

    private protected override void Welcoming(Welcome welcome) => welcome.Limits = new() { UnackedBatches = Allowed };

    [Fact]
    public async Task Publish_WhileTheLeaseIsReleased_IsRefused()
    {
        var lease = await AcquireAsync(1);
        await lease.Events.PublishAsync(new("before", default));
        var batch = (await Stream.NextAsync()).EventBatch;
        var releasing = lease.ReleaseAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => lease.Events.PublishAsync(new("behind", default)).AsTask().WaitAsync(Bound));
        await AckAsync(batch);
        var release = (await Stream.NextAsync()).Release;
        Assert.NotNull(release);
        await ReleasedAsync(1, release.RequestId);
        await releasing.WaitAsync(Bound);
    }

    [Fact]
    public async Task Publish_WaitingForRoomWhenTheLeaseIsReleased_IsStoredBefore()
    {
        var lease = await AcquireAsync(1);
        var publishing = new List<Task>();
        // More than waits and is on its way together: the last of them wait for room.
        for (var i = 0; i < (Allowed * 1_000) + 12_000; i++)
        {
            publishing.Add(lease.Events.PublishAsync(new("step", default)).AsTask());
        }

        Assert.Contains(publishing, one => !one.IsCompleted);
        var releasing = lease.ReleaseAsync();
        var stored = 0;
        ConnectRequest frame;
        while ((frame = await Stream.NextAsync()).EventBatch is { } batch)
        {
            stored += batch.Events.Count;
            await AckAsync(batch);
        }

        Assert.Equal(publishing.Count, stored);
        await Task.WhenAll(publishing).WaitAsync(Bound);
        await ReleasedAsync(1, frame.Release.RequestId);
        await releasing.WaitAsync(Bound);
    }

    [Fact]
    public async Task Publish_AsManyBatchesAsTheWelcomeAllows_AreOnTheirWayAtOnce()
    {
        var lease = await AcquireAsync(1);
        EventBatch batch = new();
        for (var i = 1; i <= Allowed; i++)
        {
            await lease.Events.PublishAsync(new("step", default));
            batch = (await Stream.NextAsync()).EventBatch;
            Assert.Equal(i, batch.BatchSequence);
        }

        await lease.Events.PublishAsync(new("step", default));
        await AckAsync(batch);
        Assert.Equal(Allowed + 1, (batch = (await Stream.NextAsync()).EventBatch).BatchSequence);
        await AckAsync(batch);
        await EndAsync(lease);
    }

    [Fact]
    public async Task Welcome_WithoutLimits_IsTakenWithTheUsualOnes()
    {
        Coordinator.Welcoming = welcome => welcome.Limits = null;
        await BreakAsync();
        var lease = await AcquireAsync(1);
        await lease.Events.PublishAsync(new("step", default));
        await AckAsync((await Stream.NextAsync()).EventBatch);
        await EndAsync(lease);
    }

    private Task AckAsync(EventBatch batch) =>
        Stream.SendAsync(new() { EventAck = new() { Resource = batch.Resource, Token = batch.Token, AckedSequence = batch.BatchSequence } });
}
