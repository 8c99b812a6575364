using Coordinator.Client;
using Coordinator.Testing;
using Coordinator.V1;
using EndToEnd.Tests.Harness;
using Grpc.Core;
using System.Collections.Concurrent;

namespace EndToEnd.Tests;

/// <summary>A fleet beats; one of it is killed (L1 L2 L3 L5 L9 X1 X2).</summary>
public sealed class FleetTests
{
    private const int TtlSeconds = 5;
    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("embedded")]
    [InlineData("redis")]
    public async Task Fleet_BeatsFor30Seconds_NoneLost_KilledOneIsTakenOverOnce(string storeName)
    {
        await using var store = await TestStore.StartAsync(storeName);
        await using var coordinator = await store.CoordinatorAsync();
        await using var client = coordinator.Client();
        var changes = new ConcurrentQueue<LeaseChanged>();
        using var watching = new CancellationTokenSource();
        var watch = WatchAsync(client, changes, watching.Token);

        string[] common = ["--ttl", $"{TtlSeconds}", "--events-per-second", "0.2"];
        await using var fleet = WorkerProcess.Start([coordinator.Address],
            ["--workers", "49", "--leases-per-worker", "20", "--worker-id", "fleet", "--resource", "fleet", .. common]);
        await using var victim = WorkerProcess.Start([coordinator.Address],
            ["--workers", "1", "--leases-per-worker", "20", "--worker-id", "victim", "--resource", "victim", .. common]);
        await Eventually.TrueAsync(() => changes.Count(change => change.End == LeaseEnd.None) == 1_000, StartBound, "1,000 leases are held");

        // That nothing happens for half a minute is what is shown.
        await Task.Delay(TimeSpan.FromSeconds(30), TimeProvider.System);
        Assert.DoesNotContain(changes, change => change.End != LeaseEnd.None);
        Assert.DoesNotContain(fleet.Lines.Concat(victim.Lines), line => line.StartsWith("lost", StringComparison.Ordinal));

        await using var heir = WorkerProcess.Start([coordinator.Address],
            ["--workers", "1", "--leases-per-worker", "20", "--worker-id", "heir", "--resource", "victim", "--takeover", .. common]);
        await heir.LineAsync(line => line.StartsWith("held", StringComparison.Ordinal), StartBound, "the heir waits");
        victim.Send(Signal.Kill);
        var old = await ToListAsync(client.Leases.ListAsync("victim/"));
        Assert.Equal(20, old.Count);
        await Eventually.TrueAsync(
            () => heir.Lines.Count(line => line.StartsWith("acquired", StringComparison.Ordinal)) == 20, TimeSpan.FromSeconds(TtlSeconds + 5), "the heir has all");

        // The heir may hear of its leases before the watcher hears of the ends.
        await Eventually.TrueAsync(() => changes.Count(change => change.End != LeaseEnd.None) == 20, StartBound, "20 ends are told");
        foreach (var lease in old)
        {
            var ended = Assert.Single(changes, change => change.Lease.Resource == lease.Resource && change.End != LeaseEnd.None);
            Assert.Equal(LeaseEnd.Expired, ended.End);
            Assert.InRange(ended.At - lease.ExpiresAt, TimeSpan.Zero, TimeSpan.FromSeconds(1));
            var taken = Assert.Single(heir.Lines, line => line.StartsWith("acquired", StringComparison.Ordinal) && WorkerProcess.Value(line, "resource") == lease.Resource);
            Assert.True(long.Parse(WorkerProcess.Value(taken, "token"), System.Globalization.CultureInfo.InvariantCulture) > lease.Token);
        }

        await AssertRefusedEverywhereAsync(coordinator, old[0]);
        Assert.Equal(20, changes.Count(change => change.End != LeaseEnd.None));
        await watching.CancelAsync();
        await watch;
    }

    private static async Task AssertRefusedEverywhereAsync(CoordinatorProcess coordinator, LeaseInfo old)
    {
        var held = new LeaseRef { Resource = old.Resource, Token = old.Token };
        using var stream = await RawStream.HelloAsync(coordinator, "victim-0", held);
        Assert.Equal(EndReason.Expired, Assert.Single(stream.Welcome.Lost).Reason);
        await stream.SendAsync(new() { Heartbeat = new() { Sequence = 1, Leases = { held } } });
        var ack = (await stream.NextAsync(ConnectResponse.FrameOneofCase.HeartbeatAck)).HeartbeatAck;
        Assert.Equal((EndReason.Expired, 0), (Assert.Single(ack.Refused).Reason, ack.Renewed));
        await stream.SendAsync(new() { EventBatch = new() { Resource = old.Resource, Token = old.Token, BatchSequence = 999, Events = { new Event { Type = "late" } } } });
        Assert.Equal((int)StatusCode.Aborted, (await stream.NextAsync(ConnectResponse.FrameOneofCase.Refused)).Refused.Status.Code);
        await stream.SendAsync(new() { Release = new() { RequestId = "r", Resource = old.Resource, Token = old.Token } });
        Assert.Equal((int)StatusCode.Aborted, (await stream.NextAsync(ConnectResponse.FrameOneofCase.Refused)).Refused.Status.Code);
        var append = await Assert.ThrowsAsync<RpcException>(async () => await new Events.EventsClient(coordinator.Channel).AppendAsync(
            new() { Resource = old.Resource, Token = old.Token, BatchSequence = 999, Events = { new Event { Type = "late" } } }, CoordinatorProcess.Headers));
        Assert.Equal(StatusCode.Aborted, append.StatusCode);
    }

    private static async Task WatchAsync(CoordinatorClient client, ConcurrentQueue<LeaseChanged> changes, CancellationToken cancellation)
    {
        try
        {
            await foreach (var item in client.Leases.WatchAsync("", cancellation))
            {
                if (item.Change is { } change)
                {
                    changes.Enqueue(change);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The test has seen enough.
        }
    }

    private static async Task<List<T>> ToListAsync<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items)
        {
            list.Add(item);
        }

        return list;
    }
}
