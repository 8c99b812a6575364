using Coordinator.Leases;
using Coordinator.Storage.Redis;
using Coordinator.Testing;

namespace Coordinator.Tests.Storage;

/// <summary>A call's time begins when it is sent, and no more are sent than are answered in it.</summary>
[Collection(nameof(Alone))]
public sealed class RedisBurstTests
{
    private static readonly TimeSpan Ttl = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Burst_OfMoreCallsThanRedisAnswersInTheTimeOfOne_IsServedAndHoldsUpNoRenewal()
    {
        const int Calls = 30_000;
        await using var server = await RedisServer.StartAsync();
        var options = new RedisOptions { Configuration = server.Configuration, CallTimeout = TimeSpan.FromMilliseconds(500) };
        await using var store = await RedisStore.ConnectAsync(options, StoreHarness.SmallRetention, TimeProvider.System);
        var beaten = await AcquireAsync("beaten");
        var served = 0;
        var burst = Enumerable.Range(0, Calls).Select(async i =>
        {
            await AcquireAsync($"burst/{i}");
            Interlocked.Increment(ref served);
        }).ToArray();
        var results = new RenewalResult[1];
        await store.Leases.RenewAsync(Guard.Connection, new Renewal[] { new(Key("beaten"), beaten.Token, "c1") }, results, CancellationToken.None);
        Assert.Null(results[0].Lost);
        Assert.InRange(Volatile.Read(ref served), 0, Calls / 2);
        await Task.WhenAll(burst);

        async Task<Lease> AcquireAsync(string name)
        {
            var command = new AcquireCommand(Key(name), "w1", "c1", Ttl, new Dictionary<string, string>(), null);
            var acquired = await store.Leases.AcquireAsync(command, CancellationToken.None);
            return acquired.Value ?? throw new InvalidOperationException($"{name}: {acquired.Refusal}");
        }
    }

    private static ResourceKey Key(string name) => ResourceKey.Of("t", name);
}
