using Coordinator.Testing;
using Pipelines.Sockets.Unofficial;
using System.Collections.Concurrent;

namespace StandIns.Tests.Pipes;

public sealed class SchedulerTests
{
    private const int Workers = 2;
    private const int QueueLimit = 3;

    [Fact]
    public async Task Schedule_Actions_RunOnThreadsOfItsOwn()
    {
        using var scheduler = new DedicatedThreadPoolPipeScheduler("own", Workers);
        var threads = new ConcurrentBag<(string? Name, bool Pool)>();
        var done = new CountdownEvent(5);

        for (var i = 0; i < 5; i++)
        {
            scheduler.Schedule(_ => { threads.Add((Thread.CurrentThread.Name, Thread.CurrentThread.IsThreadPoolThread)); done.Signal(); }, null);
        }

        Assert.True(done.Wait(Loopback.Bound));
        Assert.All(threads, thread => Assert.False(thread.Pool));
        Assert.All(threads, thread => Assert.StartsWith("own", thread.Name, StringComparison.Ordinal));
        await Eventually.TrueAsync(() => scheduler.TotalServicedByQueue == 5, Loopback.Bound, "each action is counted");
        Assert.Equal(Workers, scheduler.WorkerCount);
        Assert.Equal(0, scheduler.TotalServicedByPool);
    }

    [Fact]
    public async Task Schedule_QueueIsFull_HandsOverToTheThreadPool()
    {
        using var scheduler = new DedicatedThreadPoolPipeScheduler("full", Workers, QueueLimit);
        using var release = new ManualResetEventSlim();
        using var busy = new CountdownEvent(Workers);
        for (var i = 0; i < Workers; i++)
        {
            scheduler.Schedule(_ => { busy.Signal(); release.Wait(Loopback.Bound); }, null);
        }

        Assert.True(busy.Wait(Loopback.Bound));
        Assert.Equal(0, scheduler.AvailableCount);

        using var overflow = new CountdownEvent(QueueLimit + 1);
        var pooled = 0;
        for (var i = 0; i < QueueLimit + 1; i++)
        {
            scheduler.Schedule(_ => { Interlocked.Add(ref pooled, Thread.CurrentThread.IsThreadPoolThread ? 1 : 0); overflow.Signal(); }, null);
        }

        await Eventually.TrueAsync(() => scheduler.TotalServicedByPool >= 1, Loopback.Bound, "the pool takes what does not fit");
        release.Set();
        Assert.True(overflow.Wait(Loopback.Bound));
        Assert.Equal(1, pooled);
    }

    [Fact]
    public void Schedule_ActionThrows_WorkerGoesOn()
    {
        using var scheduler = new DedicatedThreadPoolPipeScheduler("robust", workerCount: 1);
        using var after = new ManualResetEventSlim();

        scheduler.Schedule(_ => throw new InvalidOperationException("from a callback"), null);
        scheduler.Schedule(_ => after.Set(), null);

        Assert.True(after.Wait(Loopback.Bound));
    }

    [Fact]
    public async Task AvailableCount_NothingToDo_IsAllWorkers()
    {
        using var scheduler = new DedicatedThreadPoolPipeScheduler(workerCount: Workers);

        await Eventually.TrueAsync(() => scheduler.AvailableCount == Workers, Loopback.Bound, "all workers wait");
    }

    [Fact]
    public void Schedule_AfterDispose_RunsOnTheThreadPool()
    {
        var scheduler = new DedicatedThreadPoolPipeScheduler("gone", Workers);
        scheduler.Dispose();
        using var ran = new ManualResetEventSlim();
        var pool = false;

        scheduler.Schedule(_ => { pool = Thread.CurrentThread.IsThreadPoolThread; ran.Set(); }, null);

        Assert.True(ran.Wait(Loopback.Bound));
        Assert.True(pool);
    }
}
