using Coordinator.Storage.Redis;
using Coordinator.Testing;
using System.Threading.Channels;

namespace Coordinator.Tests.Storage;

/// <summary>An answer is given up when it does not come, not when nobody was free to read it.</summary>
public sealed class RedisPatienceTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
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

    [Fact] // each hop of the answer's way takes a second, and it has five
    public async Task Answer_OfABusyProcess_HasAsLongAsItsWayTakes_FiveTimesTheTimeInAll()
    {
        var busy = new BusyTime();
        var (taken, givenUp) = (RedisPatience.WithinAsync(_answer.Task, Timeout, busy, CancellationToken.None), new TaskCompletionSource<string>().Task);
        await busy.FireAsync(Timeout);
        await busy.FireAsync(TimeSpan.FromSeconds(5));
        _answer.SetResult("answer");
        Assert.Equal("answer", await taken);

        busy = new();
        givenUp = RedisPatience.WithinAsync(givenUp, Timeout, busy, CancellationToken.None);
        await busy.FireAsync(Timeout);
        for (var more = 0; more < 3; more++)
        {
            await busy.FireAsync(TimeSpan.FromSeconds(5));
        }

        await Assert.ThrowsAsync<TimeoutException>(() => givenUp);
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
                _time.Advance(TimeSpan.FromMilliseconds(100));
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

    /// <summary>A second passes whenever the time is asked for; timers fire when they are told to.</summary>
    private sealed class BusyTime : TimeProvider
    {
        private readonly Channel<(TimeSpan Due, Action Fire)> _timers = Channel.CreateUnbounded<(TimeSpan, Action)>();
        private long _seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Increment(ref _seconds);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timers.Writer.TryWrite((dueTime, () => callback(state)));
            return new Fired();
        }

        /// <summary>Fires the next timer, which must be due after that.</summary>
        public async Task FireAsync(TimeSpan due)
        {
            var timer = await _timers.Reader.ReadAsync().AsTask().WaitAsync(Bound);
            Assert.Equal(due, timer.Due);
            timer.Fire();
        }

        private sealed class Fired : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
