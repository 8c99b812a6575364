using Coordinator.Client;
using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using Grpc.Core;

namespace EndToEnd.Tests;

/// <summary>Redis goes away, comes back, forgets its scripts, or is not fit (E1 L7, durability).</summary>
public sealed class RedisFaultTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Redis_KilledAndRestarted_NothingIsOkMeanwhileAndNothingAcknowledgedIsGone()
    {
        await using var store = await TestStore.StartAsync("redis", "--appendonly", "yes", "--appendfsync", "always");
        await using var coordinator = await store.CoordinatorAsync();
        await using var client = coordinator.Client();
        await using var session = await client.StartWorkerAsync(new() { WorkerId = "w" });
        var lease = await session.AcquireAsync("kept", TimeSpan.FromSeconds(60));
        using var publishing = new CancellationTokenSource();
        var published = CountedEvents.PublishAsync(lease, publishing.Token);
        await Eventually.TrueAsync(() => lease.Events.AckedSequence > 5, Bound, "events flow");

        await store.Redis!.KillAsync();
        var leases = new Coordinator.V1.Leases.LeasesClient(coordinator.Channel);
        for (var i = 0; i < 20; i++)
        {
            var refused = await Assert.ThrowsAsync<RpcException>(async () => await leases.AcquireAsync(
                new() { Resource = $"away/{i}", Holder = "h", TtlMs = 10_000 }, CoordinatorProcess.Headers));
            Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
        }

        var health = await new Grpc.Health.V1.Health.HealthClient(coordinator.Channel).CheckAsync(new());
        Assert.Equal(Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.NotServing, health.Status);
        var acknowledged = lease.Events.AckedSequence;
        await store.Redis.StartAgainAsync();
        await Eventually.TrueAsync(() => lease.Events.AckedSequence > acknowledged + 5, Bound, "events flow again");
        await publishing.CancelAsync();
        var count = await published;
        await lease.Events.FlushAsync().WaitAsync(Bound);
        Assert.Equal(LeaseEnd.None, lease.End);
        await CountedEvents.AssertAsync(coordinator, "kept", count);
        Assert.Equal(lease.Token, (await client.Leases.FindAsync("kept"))!.Token);
    }

    [Fact]
    public async Task Redis_ScriptFlushLoop_IsInvisible()
    {
        await using var store = await TestStore.StartAsync("redis");
        await using var coordinator = await store.CoordinatorAsync();
        await using var client = coordinator.Client();
        var notices = new System.Collections.Concurrent.ConcurrentQueue<SessionNotice>();
        // Every script is sent whole here, so an ack may take a while: a stream is given up after a sixth of the TTL without one.
        await using var session = await client.StartWorkerAsync(new() { WorkerId = "w", DefaultTtl = TimeSpan.FromSeconds(9), OnNotice = notices.Enqueue });
        var lease = await session.AcquireAsync("flushed");
        using var publishing = new CancellationTokenSource();
        var published = CountedEvents.PublishAsync(lease, publishing.Token);
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal("+OK", await store.Redis!.CommandAsync("SCRIPT FLUSH"));
            await client.Leases.FindAsync("flushed");
        }

        await publishing.CancelAsync();
        var count = await published;
        await lease.Events.FlushAsync().WaitAsync(Bound);
        Assert.Equal(SessionNoticeKind.Connected, Assert.Single(notices).Kind);
        await CountedEvents.AssertAsync(coordinator, "flushed", count);
    }

    [Theory]
    [InlineData("CONFIG SET maxmemory-policy volatile-lru", "CONFIG SET maxmemory-policy noeviction")]
    [InlineData("SET lc:partitions 64/2", "SET lc:partitions 256/2")]
    [InlineData("SET lc:partitions 256", "SET lc:partitions 256/2")]
    public async Task Redis_NotFit_IsNotReadyAndSaysWhatMendsIt(string spoil, string mend)
    {
        await using var store = await TestStore.StartAsync("redis");
        await store.Redis!.CommandAsync(spoil);
        await using var coordinator = await store.CoordinatorAsync();
        var leases = new Coordinator.V1.Leases.LeasesClient(coordinator.Channel);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await leases.GetAsync(new() { Resource = "a" }, CoordinatorProcess.Headers));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
        Assert.Matches("noeviction|database of its own", refused.Status.Detail);
        await store.Redis.CommandAsync(mend);
        await Eventually.TrueAsync(
            async () => (await new Grpc.Health.V1.Health.HealthClient(coordinator.Channel).CheckAsync(new())).Status
                == Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving,
            Bound, "it is ready once it is mended");
    }

    [Fact] // L2: a Redis that lost everything still grants larger tokens
    public async Task Redis_Flushed_TokensStillGrowAndTheOldHolderIsToldLost()
    {
        await using var store = await TestStore.StartAsync("redis");
        await using var coordinator = await store.CoordinatorAsync();
        await using var client = coordinator.Client();
        await using var session = await client.StartWorkerAsync(new() { WorkerId = "w" });
        var old = await session.AcquireAsync("flushall", TimeSpan.FromSeconds(3));
        await store.Redis!.CommandAsync("FLUSHALL");
        Assert.True((await client.Leases.AcquireAsync("flushall", "other", TimeSpan.FromSeconds(30))).Token > old.Token);
        await Eventually.TrueAsync(() => old.Lost.IsCancellationRequested, Bound, "the old holder knows");
        Assert.Equal(LeaseEnd.Forgotten, old.End);
    }
}
