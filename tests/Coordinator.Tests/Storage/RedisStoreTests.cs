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
