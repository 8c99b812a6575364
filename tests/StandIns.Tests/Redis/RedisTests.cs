using Coordinator.Testing;
using StackExchange.Redis;

namespace StandIns.Tests.Redis;

/// <summary>The genuine client over the stand-in's pipes, against a real server.</summary>
public sealed class RedisTests : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);
    private RedisServer _server = null!;

    public async Task InitializeAsync() => _server = await RedisServer.StartAsync();

    public Task DisposeAsync() => _server.DisposeAsync().AsTask();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ScriptEvaluate_ManyAtOnce_EachGetsItsOwnAnswer(bool threadPool)
    {
        await using var redis = await ConnectAsync(threadPool ? SocketManager.ThreadPool : SocketManager.Shared);
        var database = redis.GetDatabase();

        var answers = await Task.WhenAll(Enumerable.Range(0, 2_000).Select(async number =>
            (number, (int)await database.ScriptEvaluateAsync("return ARGV[1] + 1", values: [number])))).WaitAsync(Bound);

        Assert.All(answers, answer => Assert.Equal(answer.number + 1, answer.Item2));
    }

    [Fact]
    public async Task StringSet_LargeValue_ComesBackWhole()
    {
        await using var redis = await ConnectAsync(SocketManager.ThreadPool);
        var value = new string('x', 3_000_000);

        await redis.GetDatabase().StringSetAsync("large", value);

        Assert.Equal(value, (string?)await redis.GetDatabase().StringGetAsync("large"));
    }

    [Fact]
    public async Task Publish_ToSubscriber_Arrives()
    {
        await using var redis = await ConnectAsync(SocketManager.ThreadPool);
        var arrived = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await redis.GetSubscriber().SubscribeAsync(RedisChannel.Literal("news"), (_, message) => arrived.TrySetResult(message));

        await redis.GetSubscriber().PublishAsync(RedisChannel.Literal("news"), "hello");

        Assert.Equal("hello", await arrived.Task.WaitAsync(Bound));
    }

    [Fact]
    public async Task Connection_ServerKilledAndBack_ConnectsAgain()
    {
        await using var redis = await ConnectAsync(SocketManager.ThreadPool);
        await redis.GetDatabase().PingAsync();

        await _server.KillAsync();
        await Eventually.TrueAsync(() => !redis.IsConnected, Bound, "the client sees the end of its streams");
        await _server.StartAgainAsync();

        await Eventually.TrueAsync(() => redis.IsConnected, Bound, "the client is back");
        Assert.True(await redis.GetDatabase().PingAsync() > TimeSpan.Zero);
    }

    private async Task<ConnectionMultiplexer> ConnectAsync(SocketManager manager)
    {
        var options = ConfigurationOptions.Parse(_server.Configuration);
        options.SocketManager = manager;
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.AbortOnConnectFail = false;
        options.ReconnectRetryPolicy = new LinearRetry(200);
        return await ConnectionMultiplexer.ConnectAsync(options);
    }
}
