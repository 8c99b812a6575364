using Coordinator.Client;
using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Diagnostics;

namespace EndToEnd.Tests;

/// <summary>A worker, its threads or its coordinator stand still: the worker knows of its loss in time.</summary>
public sealed class StandstillTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    [Theory] // L5 L6: a worker that sleeps past its TTL knows before it acts
    [InlineData("embedded")]
    [InlineData("redis")]
    public async Task Worker_StoppedPastItsTtl_LosesByItsOwnClockBeforeItSendsAsHolder(string storeName)
    {
        await using var store = await TestStore.StartAsync(storeName);
        await using var coordinator = await store.CoordinatorAsync();
        await using var worker = WorkerProcess.Start([coordinator.Address], "--ttl", "2", "--worker-id", "sleeper", "--events-per-second", "20", "--verbose");
        var acquired = await worker.LineAsync(line => line.StartsWith("acquired", StringComparison.Ordinal), Bound, "it holds a lease");
        await worker.LineAsync(line => line.StartsWith("stored", StringComparison.Ordinal), Bound, "it ships events");
        var token = WorkerProcess.Value(acquired, "token");

        worker.Send(Signal.Stop);
        await using var client = coordinator.Client();
        await Eventually.TrueAsync(async () => await client.Leases.FindAsync("job/0/0") is null, Bound, "the lease has expired");
        var before = await EventsAsync(client, "job/0/0");
        worker.Send(Signal.Continue);
        var lost = await worker.LineAsync(line => line.StartsWith("lost", StringComparison.Ordinal), Bound, "it notices");
        Assert.Equal((token, "expired"), (WorkerProcess.Value(lost, "token"), WorkerProcess.Value(lost, "reason")));
        Assert.DoesNotContain(worker.Lines.SkipWhile(line => line != lost), line => line.StartsWith("stored", StringComparison.Ordinal) && WorkerProcess.Value(line, "token") == token);
        Assert.Equal(before, (await EventsAsync(client, "job/0/0")).Where(stored => $"{stored.Token}" == token));

        // What it would have sent as holder is answered lost, with the reason.
        using var stream = await RawStream.HelloAsync(coordinator, "sleeper-0", new Coordinator.V1.LeaseRef
        {
            Resource = "job/0/0",
            Token = long.Parse(token, System.Globalization.CultureInfo.InvariantCulture),
        });
        Assert.Equal(Coordinator.V1.EndReason.Expired, Assert.Single(stream.Welcome.Lost).Reason);
    }

    [Fact] // L6: with the coordinator frozen, the worker gives up before Redis does
    public async Task Coordinator_Frozen_LostFiresBeforeTheDeadlineInRedis()
    {
        await using var store = await TestStore.StartAsync("redis");
        await using var coordinator = await store.CoordinatorAsync();
        await using var other = await store.CoordinatorAsync();
        await using var reader = other.Client();
        await using var client = coordinator.Client();
        await using var session = await client.StartWorkerAsync(new() { WorkerId = "w" });
        var lease = await session.AcquireAsync("frozen", TimeSpan.FromSeconds(3));
        var beaten = (await client.Leases.FindAsync("frozen"))!.ExpiresAt;
        await Eventually.TrueAsync(async () => (await client.Leases.FindAsync("frozen"))!.ExpiresAt > beaten, Bound, "a heartbeat renewed it");
        var lostAt = new TaskCompletionSource<DateTimeOffset>();
        lease.Lost.Register(() => lostAt.TrySetResult(TimeProvider.System.GetUtcNow()));
        coordinator.Process.Send(Signal.Stop);

        // Nobody renews any more: this is the deadline. The same machine's clock, so the two may be compared.
        var deadline = (await reader.Leases.FindAsync("frozen"))!.ExpiresAt;
        var lost = await lostAt.Task.WaitAsync(Bound);
        Assert.True(lost < deadline, $"Lost at {lost:O}, the lease ended at {deadline:O}");
        Assert.Equal(LeaseEnd.Expired, lease.End);
        coordinator.Process.Send(Signal.Continue);
    }

    [Theory] // L6: a worker whose threads all hang hears of it in time
    [InlineData("embedded")]
    [InlineData("redis")]
    public async Task Worker_WithoutAFreeThread_LostFiresBeforeTheTtl(string storeName)
    {
        const int Hanging = 1_000;
        var ttl = TimeSpan.FromSeconds(2);
        await using var store = await TestStore.StartAsync(storeName);
        await using var coordinator = await store.CoordinatorAsync();
        await using var client = coordinator.Client();
        await using var session = await client.StartWorkerAsync(new() { WorkerId = "starved" });
        var lease = await session.AcquireAsync("starved", ttl);
        using var free = new ManualResetEventSlim();
        using var hanging = new SemaphoreSlim(0);
        using var through = new CountdownEvent(Hanging);
        var lostAfter = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        var clock = Stopwatch.StartNew();
        lease.Lost.Register(() => lostAfter.TrySetResult(clock.Elapsed));
        for (var item = 0; item < Hanging; item++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    hanging.Release();
                    free.Wait();
                    through.Signal();
                },
                null);
        }

        // The rest of the test is on a thread of its own too: no other is left.
        var watching = Task.Factory.StartNew(
            () =>
            {
                for (var thread = 0; thread < Environment.ProcessorCount; thread++)
                {
                    hanging.Wait();
                }

                clock.Restart();
                var fired = ((IAsyncResult)lostAfter.Task).AsyncWaitHandle.WaitOne(Bound);
                free.Set();
                through.Wait();
                return fired;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        Assert.True(await watching, "the callback ran while no thread of the pool was free");
        Assert.InRange(await lostAfter.Task, TimeSpan.Zero, ttl);
    }

    private static async Task<List<(long Sequence, long Token)>> EventsAsync(CoordinatorClient client, string resource)
    {
        var events = new List<(long, long)>();
        await foreach (var item in client.Events.ReadAsync(resource))
        {
            events.Add((((LogEvent)item).Sequence, ((LogEvent)item).Token));
        }

        return events;
    }
}
