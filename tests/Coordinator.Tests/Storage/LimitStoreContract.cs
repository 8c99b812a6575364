using Coordinator.Credentials;
using Coordinator.Limits;
using Coordinator.Storage.Embedded;
using Coordinator.Storage.Redis;
using Coordinator.Testing;
using StackExchange.Redis;

namespace Coordinator.Tests.Storage;

/// <summary>What every store must do with counts; each store inherits it.</summary>
public abstract class LimitStoreContract : IAsyncLifetime
{
    // So long that no test meets the end of one.
    private protected static readonly TimeSpan Endless = TimeSpan.FromDays(10_000);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);

    private protected StoreHarness Store { get; private set; } = null!;

    private protected abstract Task<StoreHarness> StartAsync();

    public async Task InitializeAsync() => Store = await StartAsync();

    public async Task DisposeAsync() => await Store.DisposeAsync();

    [Fact]
    public async Task Count_UpToTheLimitAndBeyond_CountsAndThenStands()
    {
        var subject = Tokens.Sha256("a");
        foreach (var expected in new[] { 1, 2, 3, 4, 4, 4 })
        {
            var counted = await CountAsync(subject, 3);
            Assert.Equal(expected, counted.Count);
            Assert.InRange(counted.EndsIn, TimeSpan.FromTicks(1), Endless);
        }
    }

    [Fact]
    public async Task Count_OfEachSubject_IsItsOwn()
    {
        foreach (var expected in new[] { 1, 2 })
        {
            foreach (var i in Enumerable.Range(0, 300))
            {
                Assert.Equal(expected, (await CountAsync(Tokens.Sha256($"{i}"), 2)).Count);
            }
        }
    }

    [Fact] // S5: the last place is taken once
    public async Task Count_ByManyAtOnce_GivesEachPlaceOnce()
    {
        var subject = Tokens.Sha256("a");
        var counts = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(async () => (await CountAsync(subject, 50)).Count)));
        Assert.Equal(Enumerable.Range(1, 50).Concat(Enumerable.Repeat(51, 150)), counts.Order());
    }

    [Fact]
    public async Task Count_InTheNextWindow_BeginsAgain()
    {
        var subject = Tokens.Sha256("a");
        var beyond = await Store.Limits.CountAsync(subject, 1, Short, CancellationToken.None);
        for (var i = 0; beyond.Count < 2; i++)
        {
            Assert.True(i < 10, "The limit was not reached.");
            beyond = await Store.Limits.CountAsync(subject, 1, Short, CancellationToken.None);
        }

        Assert.InRange(beyond.EndsIn, TimeSpan.FromTicks(1), Short);
        await Store.AdvanceAsync(beyond.EndsIn + TimeSpan.FromMilliseconds(20));
        Assert.Equal(1, (await Store.Limits.CountAsync(subject, 1, Short, CancellationToken.None)).Count);
    }

    [Fact] // S5: bounded, and not escaped by it
    public async Task Count_OfMoreSubjectsThanHavePlaces_SharesThemAndIsNeverTooLow()
    {
        var own = Enumerable.Range(0, ILimitStore.OwnPlaces).Select(i => Crowded(i, "ff")).ToArray();
        await CountAllAsync(own);
        foreach (var (subject, expected) in new[] { (Crowded(10_000, "ab"), 1), (Crowded(10_001, "ab"), 2), (Crowded(10_002, "cd"), 1), (Crowded(10_000, "ab"), 3) })
        {
            Assert.Equal(expected, (await CountAsync(subject, 9)).Count);
        }

        Assert.Equal(2, (await CountAsync(own[7], 9)).Count);
        Assert.Equal(1, (await CountAsync(Tokens.Sha256("of another partition"), 9)).Count);
        await CountAllAsync(Enumerable.Range(20_000, 5_000).Select(i => Crowded(i, $"{i % 256:x2}")));
        Assert.InRange(await KeptAsync(), ILimitStore.OwnPlaces + 256, ILimitStore.OwnPlaces + 258);
    }

    // Few at once: a call that waits behind thousands of others is late.
    private async Task CountAllAsync(IEnumerable<string> subjects)
    {
        foreach (var some in subjects.Chunk(100))
        {
            await Task.WhenAll(some.Select(subject => CountAsync(subject, 9)));
        }
    }

    private protected async Task<WindowCount> CountAsync(string subject, int limit) =>
        await Store.Limits.CountAsync(subject, limit, Endless, CancellationToken.None);

    /// <summary>How many values are kept.</summary>
    private protected abstract Task<int> KeptAsync();

    // Subjects of one partition; the end is the place that a late one shares.
    private static string Crowded(int number, string end) => $"00{number:x60}{end}";
}

/// <summary>The contract on the in-process store, and its windows on virtual time.</summary>
public sealed class EmbeddedLimitStoreTests : LimitStoreContract
{
    private protected override Task<StoreHarness> StartAsync() => Task.FromResult<StoreHarness>(new EmbeddedHarness());

    private protected override Task<int> KeptAsync() => Task.FromResult(((EmbeddedLimitStore)Store.Limits).Kept);

    [Fact]
    public async Task Window_AtItsEdges_EndsAtTheWholeMinute()
    {
        var (time, subject) = (new ManualTime(), Tokens.Sha256("a"));
        var store = new EmbeddedLimitStore(time);
        Task<WindowCount> Next() => store.CountAsync(subject, 2, LimitRules.Window, CancellationToken.None).AsTask();

        // It begins at a whole minute.
        Assert.Equal(new(1, TimeSpan.FromSeconds(60)), await Next());
        time.Advance(TimeSpan.FromSeconds(60) - TimeSpan.FromTicks(1));
        Assert.Equal(new(2, TimeSpan.FromTicks(1)), await Next());
        Assert.Equal(new(3, TimeSpan.FromTicks(1)), await Next());
        time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(new(1, TimeSpan.FromSeconds(60)), await Next());
        // Half a minute in, whenever the first call came.
        time.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(new(1, TimeSpan.FromSeconds(30)), await Next());
    }

    [Fact] // S5: of a clock that is set, as of one that runs
    public async Task Window_OfAnotherTime_IsForgotten()
    {
        var time = new ManualTime();
        var store = new EmbeddedLimitStore(time);
        foreach (var wall in new[] { TimeSpan.FromHours(1), TimeSpan.FromHours(-2), TimeSpan.FromHours(3) })
        {
            foreach (var i in Enumerable.Range(0, 1_000))
            {
                await store.CountAsync(Tokens.Sha256($"{wall} {i}"), 1, LimitRules.Window, CancellationToken.None);
            }

            Assert.Equal(1_000, store.Kept);
            time.SetWall(wall);
            Assert.Equal(1, (await store.CountAsync(Tokens.Sha256("first"), 1, LimitRules.Window, CancellationToken.None)).Count);
            Assert.Equal(1, store.Kept);
            time.Advance(LimitRules.Window);
        }
    }
}

/// <summary>The contract on a real Redis, and what only Redis has.</summary>
public sealed class RedisLimitStoreTests : LimitStoreContract
{
    private protected override async Task<StoreHarness> StartAsync() => await RedisHarness.StartAsync();

    private protected override async Task<int> KeptAsync()
    {
        await using var connection = await ConnectAsync();
        return (int)await connection.GetDatabase().HashLengthAsync(RedisKeys.Limits(0));
    }

    [Fact] // S5
    public async Task Redis_AfterTheWindow_KeepsNothing()
    {
        var counted = await Store.Limits.CountAsync(Tokens.Sha256("a"), 1, LimitRules.Window, CancellationToken.None);
        await using var connection = await ConnectAsync();
        var key = RedisKeys.Limits(RedisKeys.PartitionOfHash(Tokens.Sha256("a")));
        var left = await connection.GetDatabase().KeyTimeToLiveAsync(key);
        Assert.NotNull(left);
        Assert.InRange(left.Value, counted.EndsIn - TimeSpan.FromSeconds(10), counted.EndsIn + TimeSpan.FromMilliseconds(2));
    }

    [Fact]
    public async Task Count_IsOneRoundTrip()
    {
        await CountAsync(Tokens.Sha256("warm"), 1_000);
        await using var connection = await ConnectAsync(administrator: true);
        var server = connection.GetServers().Single();
        await server.ConfigResetStatisticsAsync();
        for (var i = 0; i < 50; i++)
        {
            await CountAsync(Tokens.Sha256("a"), 1_000);
        }

        var calls = (await server.InfoAsync("commandstats")).SelectMany(section => section)
            .ToDictionary(line => line.Key, line => int.Parse(line.Value.Split("calls=")[1].Split(',')[0], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(50, calls.GetValueOrDefault("cmdstat_evalsha") + calls.GetValueOrDefault("cmdstat_eval"));
        // Of the script itself: nobody asked for the time beside it.
        Assert.Equal(50, calls["cmdstat_time"]);
    }

    [Fact] // heartbeats go on where Redis is full, and so must their counts
    public async Task Count_WhereRedisIsFull_Counts()
    {
        await CountAsync(Tokens.Sha256("a"), 9);
        await using var connection = await ConnectAsync(administrator: true);
        await connection.GetServers().Single().ConfigSetAsync("maxmemory", "1");
        await Assert.ThrowsAsync<RedisServerException>(() => connection.GetDatabase().StringSetAsync("x", "y"));
        Assert.Equal(2, (await CountAsync(Tokens.Sha256("a"), 9)).Count);
        Assert.Equal(1, (await CountAsync(Tokens.Sha256("b"), 9)).Count);
    }

    private async Task<ConnectionMultiplexer> ConnectAsync(bool administrator = false) =>
        await ConnectionMultiplexer.ConnectAsync($"{((RedisHarness)Store).Server.Configuration},allowAdmin={administrator}");
}
