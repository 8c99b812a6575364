using Coordinator.Client;
using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using Grpc.Core;
using System.Diagnostics;
using System.Text;

namespace EndToEnd.Tests;

/// <summary>Coordinators that die or are told to stop, and connections that break.</summary>
public sealed class FaultTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

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
        var published = CountedEvents.PublishAsync(leases[0], publishing.Token);
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
        await CountedEvents.AssertAsync(second, "move/0", count);
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
        var published = CountedEvents.PublishAsync(lease, publishing.Token);
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
        await CountedEvents.AssertAsync(second, "drained", count);
    }
}
