using Coordinator.Storage.Redis;
using Coordinator.Testing;

namespace Coordinator.Tests.Storage;

/// <summary>An answer is given up when it does not come, not when nobody was free to read it.</summary>
public sealed class RedisPatienceTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);
    private readonly ManualTime _time = new();
    private readonly TaskCompletionSource<string> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task Answer_ThatWaitsForAFreeThreadWhenTheTimeIsOver_IsTaken()
    {
        var waiting = WaitAsync(CancellationToken.None);
        // Socket, bytes and message: each is read by a work item that the one before it queues.
        ThreadPool.UnsafeQueueUserWorkItem(
            _ => ThreadPool.UnsafeQueueUserWorkItem(
                _ => ThreadPool.UnsafeQueueUserWorkItem(_ => _answer.SetResult("answer"), null), null), null);
        _time.Advance(Timeout);
        Assert.Equal("answer", await waiting);
    }

    [Fact]
    public async Task Answer_ThatDoesNotCome_IsGivenUp()
    {
        var waiting = WaitAsync(CancellationToken.None);
        _time.Advance(Timeout - TimeSpan.FromMilliseconds(1));
        Assert.False(waiting.IsCompleted);
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(50));
                return waiting.IsCompleted;
            },
            Timeout,
            "the answer is given up");
        await Assert.ThrowsAsync<TimeoutException>(() => waiting);
    }

    [Fact]
    public async Task Failure_OfTheCommand_IsItsAnswer()
    {
        var waiting = WaitAsync(CancellationToken.None);
        _answer.SetException(new TimeoutException("the client's own"));
        Assert.Equal("the client's own", (await Assert.ThrowsAsync<TimeoutException>(() => waiting)).Message);
    }

    [Fact]
    public async Task Cancellation_EndsTheWait()
    {
        using var cancellation = new CancellationTokenSource();
        var waiting = WaitAsync(cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private Task<string> WaitAsync(CancellationToken cancellation) => RedisPatience.WithinAsync(_answer.Task, Timeout, _time, cancellation);
}
