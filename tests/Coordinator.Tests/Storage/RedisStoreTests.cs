using Coordinator.Leases;
using Coordinator.Storage.Redis;
using Coordinator.Testing;

namespace Coordinator.Tests.Storage;

/// <summary>The contract on a real Redis, and what only Redis has.</summary>
public sealed class RedisStoreTests : EventStoreContract
{
    private protected override async Task<StoreHarness> StartAsync() => await RedisHarness.StartAsync();

    [Fact] // L7: a command that a paused Redis runs too late changes nothing, and its caller knows that it does not know
    public async Task Command_AfterItsTime_ChangesNothingAndIsUnknown()
    {
        await GrantAsync("warm", Long);
        var server = ((RedisHarness)Store).Server;
        server.Send(Signal.Stop);
        var acquire = new AcquireCommand(Key("late"), "w1", "", Long, new Dictionary<string, string>(), null);
        var failure = await Assert.ThrowsAsync<StoreException>(async () => await Store.Leases.AcquireAsync(acquire, CancellationToken.None));
        Assert.Equal(StoreFailure.OutcomeUnknown, failure.Failure);
        server.Send(Signal.Continue);
        Refusal? refusal = null;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    refusal = (await Store.Leases.GetAsync(Key("late"), CancellationToken.None)).Refusal;
                    return true;
                }
                catch (StoreException)
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(20),
            "Redis answers again");
        Assert.Equal(RefusalKind.LeaseNotFound, refusal?.Kind);
    }

    [Fact] // the client loads a script and runs it by its hash: the two may be parted by somebody's SCRIPT FLUSH
    public async Task Command_WhileScriptsAreFlushed_IsAnswered()
    {
        var server = ((RedisHarness)Store).Server;
        using var connection = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync(server.Configuration);
        var database = connection.GetDatabase();
        using var enough = new CancellationTokenSource();
        var flushing = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => database.ExecuteAsync("SCRIPT", "FLUSH")));
            }
        });
        for (var i = 0; i < 40; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, 10).Select(n => GrantAsync($"flushed/{i}/{n}", Long)));
        }

        await enough.CancelAsync();
        await flushing;
    }

    [Theory] // the key's own TTL is a backstop that is moved seldom, and never before the lease
    [InlineData(Guard.Connection)]
    [InlineData(Guard.Token)]
    public async Task Renew_WhereTheKeyIsAboutToGo_KeepsBothKeys(object guard)
    {
        var acquire = new AcquireCommand(Key("kept"), "w1", "c1", Long, new Dictionary<string, string>(), null);
        var lease = (await Store.Leases.AcquireAsync(acquire, CancellationToken.None)).Value!;
        using var connection = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync(((RedisHarness)Store).Server.Configuration);
        var database = connection.GetDatabase();
        var name = RedisKeys.Lease(Key("kept"));
        string[] keys = [name, name.Replace(":lease:", ":grant:", StringComparison.Ordinal)];
        var soon = lease.ExpiresAt + TimeSpan.FromSeconds(30);
        await database.StringSetRangeAsync(keys[0], 16, $"{soon.ToUnixTimeMilliseconds() * 1_000:0000000000000000}");
        foreach (var key in keys)
        {
            Assert.True(await database.KeyExpireAsync(key, soon.UtcDateTime));
        }

        var results = new RenewalResult[1];
        await Store.Leases.RenewAsync((Guard)guard, new Renewal[] { new(Key("kept"), lease.Token, "c1") }, results, CancellationToken.None);
        Assert.Null(results[0].Lost);
        var left = await Task.WhenAll(keys.Select(key => database.KeyTimeToLiveAsync(key)));
        Assert.InRange(left[0]!.Value, TimeSpan.FromMinutes(60), TimeSpan.FromMinutes(71));
        Assert.True(left[1] > left[0], $"The grant goes before its lease: {left[1]} against {left[0]}.");
        Assert.Equal("w1", (await Store.Leases.GetAsync(Key("kept"), CancellationToken.None)).Value!.Holder);
    }

    [Fact] // Redis's clock as a reply showed it, and only while it is the same server's
    public void Clock_AfterDiscard_KnowsNothing()
    {
        var time = new ManualTime();
        var clock = new RedisClock(time);
        Assert.Null(clock.NotAfter(TimeSpan.FromSeconds(1)));
        clock.Observe(1_000_000);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(4_000_000, clock.NotAfter(TimeSpan.FromSeconds(1)));
        clock.Discard();
        Assert.Null(clock.NotAfter(TimeSpan.FromSeconds(1)));
    }
}
