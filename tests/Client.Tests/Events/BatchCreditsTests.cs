using Coordinator.Client;
using Coordinator.V1;

namespace Client.Tests.Events;

/// <summary>How many batches may be on their way, over coordinators that allow more or fewer.</summary>
public sealed class BatchCreditsTests
{
    private readonly BatchCredits _credits = new();

    [Fact]
    public void Allow_Fewer_GivesNoneUntilEnoughHaveComeBack()
    {
        _credits.Allow(new() { UnackedBatches = 3 });
        Assert.True(_credits.TakeAsync().IsCompleted && _credits.TakeAsync().IsCompleted && _credits.TakeAsync().IsCompleted);
        _credits.Allow(new() { UnackedBatches = 1 });
        var next = _credits.TakeAsync();
        _credits.Return();
        _credits.Return();
        Assert.False(next.IsCompleted);
        _credits.Return();
        Assert.True(next.IsCompleted);
    }

    [Fact]
    public void Allow_More_ServesThoseWhoWaitInTurn()
    {
        _credits.Allow(new() { UnackedBatches = 1 });
        var taken = Enumerable.Range(0, 4).Select(_ => _credits.TakeAsync()).ToArray();
        _credits.Allow(new() { UnackedBatches = 3 });
        Assert.Equal([true, true, true, false], taken.Select(one => one.IsCompleted));
    }

    [Fact]
    public void Allow_NoLimitNamed_IsTheUsualOne()
    {
        _credits.Allow(new() { UnackedBatches = 1 });
        _credits.Allow(null);
        Assert.Equal(64, Enumerable.Range(0, 65).Count(_ => _credits.TakeAsync().IsCompleted));
    }
}
