using Coordinator.Tails;
using StackExchange.Redis;

namespace Coordinator.Storage.Redis;

/// <summary>Traces over sharded pub/sub.</summary>
internal sealed class RedisTraceChannel(IConnectionMultiplexer connection, RedisCaller caller) : ITraceChannel
{
    private readonly ISubscriber _subscriber = connection.GetSubscriber();

    public async ValueTask PublishAsync(string tenant, ReadOnlyMemory<byte> batch, CancellationToken cancellation) =>
        await caller.AskAtOnceAsync(() => _subscriber.PublishAsync(Channel(tenant), batch), cancellation).ConfigureAwait(false);

    public async ValueTask<IAsyncDisposable> ListenAsync(string tenant, Action<ReadOnlyMemory<byte>> heard, CancellationToken cancellation)
    {
        // A queue, because callbacks of the library overtake each other.
        var queue = await caller.AskAtOnceAsync(() => _subscriber.SubscribeAsync(Channel(tenant)), cancellation).ConfigureAwait(false);
        queue.OnMessage(message => heard((ReadOnlyMemory<byte>)message.Message));
        return new Listening(queue);
    }

    private static RedisChannel Channel(string tenant) => RedisChannel.Sharded(RedisKeys.Traces(tenant));

    private sealed class Listening(ChannelMessageQueue queue) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await queue.UnsubscribeAsync(CommandFlags.FireAndForget).ConfigureAwait(false);
    }
}
