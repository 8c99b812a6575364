using Coordinator.Client;
using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using Grpc.Core;
using System.Diagnostics;
using System.Text;

namespace EndToEnd.Tests;

/// <summary>Processes that stop, die and come back, and connections that break.</summary>
public sealed class FaultTests
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

    [Theory] // E1 E2 E3 E4
    [InlineData("embedded")]
    [InlineData("redis")]
    public async Task Events_ConnectionCut200Times_EveryEventOnceAndInOrder(string storeName)
    {
        const int Cuts = 200;
        var random = new Random(7);
        await using var store = await TestStore.StartAsync(storeName);
        await using var coordinator = await store.CoordinatorAsync();
        await using var proxy = new TcpProxy(coordinator.Port);
        await using var client = CoordinatorProcess.Client(proxy.Address);
        await using var session = await client.StartWorkerAsync(new() { WorkerId = "cut" });
        await using var lease = await session.AcquireAsync("cut", TimeSpan.FromSeconds(60));
        var published = 0;
        for (var cut = 1; cut <= Cuts; cut++)
        {
            proxy.CutAfter(random.Next(50, 3_000));
            while (proxy.Cuts < cut)
            {
                await lease.Events.PublishAsync(new("n", Encoding.ASCII.GetBytes($"{++published}")));
                if (published % 50 == 0)
                {
                    await lease.Events.FlushAsync().WaitAsync(Bound);
                }
            }
        }

        await lease.Events.FlushAsync().WaitAsync(Bound);
        await using var direct = coordinator.Client();
        var expected = 0;
        await foreach (var item in direct.Events.ReadAsync("cut"))
        {
            // Retention keeps the last 10,000: a gap may stand at the beginning, never inside.
            if (item is LogGap gap)
            {
                Assert.Equal(0, expected);
                expected = (int)gap.To - 1;
                continue;
            }

            Assert.Equal($"{++expected}", Encoding.ASCII.GetString(Assert.IsType<LogEvent>(item).Payload.Span));
        }

        Assert.Equal(published, expected);
        Assert.Equal(Cuts, proxy.Cuts);
    }

    [Fact] // L9 E2: two coordinators, one killed
    public async Task Coordinator_Killed_WorkersResumeOnTheOtherWithin2Seconds()
    {
        await using var store = await TestStore.StartAsync("redis");
        await using var first = await store.CoordinatorAsync();
        await using var second = await store.CoordinatorAsync();
        await using var client = CoordinatorProcess.Client(first.Address, second.Address);
        var connected = 0;
        await using var session = await client.StartWorkerAsync(new()
        {
            WorkerId = "mover",
            OnNotice = notice => Interlocked.Add(ref connected, notice.Kind == SessionNoticeKind.Connected ? 1 : 0),
        });
        var leases = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => session.AcquireAsync($"move/{i}", TimeSpan.FromSeconds(10))));
        using var publishing = new CancellationTokenSource();
        var published = PublishAsync(leases[0], publishing.Token);
        await Eventually.TrueAsync(() => leases[0].Events.AckedSequence > 3, Bound, "events flow");

        var clock = Stopwatch.StartNew();
        first.Process.Send(Signal.Kill);
        await Eventually.TrueAsync(() => Volatile.Read(ref connected) == 2, TimeSpan.FromSeconds(2), "it is welcomed by the other");
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        var stored = leases[0].Events.AckedSequence;
        await Eventually.TrueAsync(() => leases[0].Events.AckedSequence > stored + 3, Bound, "events flow again");
        await publishing.CancelAsync();
        var count = await published;
        await leases[0].Events.FlushAsync().WaitAsync(Bound);

        Assert.All(leases, lease => Assert.Equal(LeaseEnd.None, lease.End));
        await AssertCountsAsync(second, "move/0", count);
    }

    [Fact] // X4: SIGTERM tells drain, loses no ack, and is out in time
    public async Task Coordinator_Terminated_DrainsAndIsOutWithin10Seconds()
    {
        await using var store = await TestStore.StartAsync("redis");
        await using var first = await store.CoordinatorAsync();
        await using var second = await store.CoordinatorAsync();
        await using var client = CoordinatorProcess.Client(first.Address, second.Address);
        var notices = new System.Collections.Concurrent.ConcurrentQueue<SessionNoticeKind>();
        await using var session = await client.StartWorkerAsync(new() { WorkerId = "drained", OnNotice = notice => notices.Enqueue(notice.Kind) });
        var lease = await session.AcquireAsync("drained", TimeSpan.FromSeconds(10));
        using var publishing = new CancellationTokenSource();
        var published = PublishAsync(lease, publishing.Token);
        await Eventually.TrueAsync(() => lease.Events.AckedSequence > 3, Bound, "events flow");

        // A worker of another make that ignores the drain does not hold up the end.
        using var stubborn = await RawStream.HelloAsync(first, "stubborn");
        first.Process.Send(Signal.Terminate);
        var drain = (await stubborn.NextAsync(Coordinator.V1.ConnectResponse.FrameOneofCase.Control)).Control;
        Assert.Equal(Coordinator.V1.Control.Types.Kind.Drain, drain.Kind);
        var ended = stubborn.EndAsync();
        Assert.Equal(0, await first.Process.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(StatusCode.Unavailable, await ended);
        Assert.Contains(SessionNoticeKind.Drain, notices);

        var stored = lease.Events.AckedSequence;
        await Eventually.TrueAsync(() => lease.Events.AckedSequence > stored + 3, Bound, "events flow again");
        await publishing.CancelAsync();
        var count = await published;
        await lease.Events.FlushAsync().WaitAsync(Bound);
        Assert.Equal(LeaseEnd.None, lease.End);
        await AssertCountsAsync(second, "drained", count);
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

    internal static async Task<int> PublishAsync(LeaseHandle lease, CancellationToken cancellation)
    {
        var n = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                n++;
                await lease.Events.PublishAsync(new("n", Encoding.ASCII.GetBytes($"{n}")), CancellationToken.None);
            }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }

        return n;
    }

    internal static async Task AssertCountsAsync(CoordinatorProcess coordinator, string resource, int upTo)
    {
        await using var client = coordinator.Client();
        var expected = 0;
        await foreach (var item in client.Events.ReadAsync(resource))
        {
            Assert.Equal($"{++expected}", Encoding.ASCII.GetString(Assert.IsType<LogEvent>(item).Payload.Span));
        }

        Assert.Equal(upTo, expected);
    }
}
