using Coordinator.Events;
using Coordinator.Leases;
using StackExchange.Redis;
using System.Globalization;

namespace Coordinator.Storage.Redis;

/// <summary>Reads the logs that the guarded step writes: Redis streams with ids <c>sequence-0</c>.</summary>
internal sealed class RedisEventStore(IConnectionMultiplexer connection, RedisCaller caller, RedisWakes wakes) : IEventStore
{
    private readonly IDatabase _database = connection.GetDatabase();

    public async ValueTask<EventPage> ReadAsync(ResourceKey resource, long after, int count, CancellationToken cancellation)
    {
        RedisKey log = RedisKeys.Log(resource);
        var from = string.Create(CultureInfo.InvariantCulture, $"({after}-0");
        var entries = await caller.AskAsync(() => _database.StreamRangeAsync(log, from, "+", count), cancellation).ConfigureAwait(false);
        var tail = await caller.AskAsync(() => _database.StreamRangeAsync(log, "-", "+", 1, Order.Descending), cancellation).ConfigureAwait(false);
        return new([.. entries.Select(Event)], tail.Length > 0 ? Sequence(tail[0]) : 0);
    }

    public async ValueTask<IAsyncDisposable> OnAppendedAsync(ResourceKey resource, Action appended, CancellationToken cancellation) =>
        await caller.AskAsync(() => wakes.OnAppendedAsync(resource, appended).AsTask(), cancellation).ConfigureAwait(false);

    // stamp: token, batch sequence, now, holder
    private static StoredEvent Event(StreamEntry entry)
    {
        var stamp = ((string)entry["s"]!).Split('|', 4);
        return new(
            Sequence(entry), (string)entry["t"]!, (byte[])entry["p"]!, Number(stamp[0]), stamp[3], Number(stamp[1]), RedisReplies.Instant(Number(stamp[2])));
    }

    private static long Sequence(StreamEntry entry) => Number(((string)entry.Id!).Split('-')[0]);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
