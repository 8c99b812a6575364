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
