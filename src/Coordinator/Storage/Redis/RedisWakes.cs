using Coordinator.Leases;
using StackExchange.Redis;

namespace Coordinator.Storage.Redis;

/// <summary>
/// Hints that something was appended, by sharded pub/sub: it carries no truth, and whoever waits also looks by itself now and then.
/// </summary>
internal sealed class RedisWakes(IConnectionMultiplexer connection)
{
    private readonly ISubscriber _subscriber = connection.GetSubscriber();
    private event Action<int>? Changed;

    /// <summary>Listens to all partitions; they are heard as soon as the server can be reached.</summary>
    public async Task StartAsync()
    {
        foreach (var partition in Enumerable.Range(0, ResourceKey.Partitions))
        {
            // Not waited for: a Redis that is away now is subscribed to when it comes.
            await _subscriber.SubscribeAsync(
                RedisChannel.Sharded(RedisKeys.Wake(partition)), (_, _) => Changed?.Invoke(partition), CommandFlags.FireAndForget).ConfigureAwait(false);
        }
    }

    public IDisposable OnChanged(Action<int> changed)
    {
        Changed += changed;
        return new Subscription(() => Changed -= changed);
    }

    public async ValueTask<IAsyncDisposable> OnAppendedAsync(ResourceKey resource, Action appended)
    {
        var channel = RedisChannel.Sharded(RedisKeys.Log(resource));
        void Heard(RedisChannel heardOn, RedisValue position) => appended();
        try
        {
            await _subscriber.SubscribeAsync(channel, Heard).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The library would go on to subscribe for a listener that is not there.
            await _subscriber.UnsubscribeAsync(channel, Heard, CommandFlags.FireAndForget).ConfigureAwait(false);
            throw;
        }

        return new Subscription(() => { }, () => _subscriber.UnsubscribeAsync(channel, Heard));
    }

    private sealed class Subscription(Action end, Func<Task>? endAsync = null) : IDisposable, IAsyncDisposable
    {
        public void Dispose() => end();

        public async ValueTask DisposeAsync()
        {
            end();
            if (endAsync is not null)
            {
                await endAsync().ConfigureAwait(false);
            }
        }
    }
}
