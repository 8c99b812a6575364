using Coordinator.Tails;
using StackExchange.Redis;

namespace Coordinator.Storage.Redis;

/// <summary>Traces over sharded pub/sub.</summary>
internal sealed class RedisTraceChannel(IConnectionMultiplexer connection, RedisCaller caller, RedisFitness fitness) : ITraceChannel
{
    private readonly ISubscriber _subscriber = connection.GetSubscriber();

    public async ValueTask PublishAsync(string tenant, ReadOnlyMemory<byte> batch, CancellationToken cancellation)
    {
        fitness.ThrowIfUnfit();
        await caller.GuardAsync(() => _subscriber.PublishAsync(Channel(tenant), batch), cancellation).ConfigureAwait(false);
    }

    public async ValueTask<IAsyncDisposable> ListenAsync(string tenant, Action<ReadOnlyMemory<byte>> heard, CancellationToken cancellation)
    {
        fitness.ThrowIfUnfit();
        var channel = Channel(tenant);
        void Heard(RedisChannel on, RedisValue batch) => heard((ReadOnlyMemory<byte>)batch);
        try
        {
            await caller.GuardAsync(
                async () =>
                {
                    await _subscriber.SubscribeAsync(channel, Heard).ConfigureAwait(false);
                    return true;
                },
                cancellation).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The library would go on to subscribe for a listener that is not there.
            await _subscriber.UnsubscribeAsync(channel, Heard, CommandFlags.FireAndForget).ConfigureAwait(false);
            throw;
        }

        return new Listening(() => _subscriber.UnsubscribeAsync(channel, Heard, CommandFlags.FireAndForget));
    }

    private static RedisChannel Channel(string tenant) => RedisChannel.Sharded(RedisKeys.Traces(tenant));

    private sealed class Listening(Func<Task> end) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await end().ConfigureAwait(false);
    }
}
