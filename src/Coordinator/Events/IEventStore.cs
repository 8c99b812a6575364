using Coordinator.Leases;

namespace Coordinator.Events;

/// <summary>An event as it stands in a log.</summary>
internal sealed record StoredEvent(
    long Sequence, string Type, ReadOnlyMemory<byte> Payload, long Token, string Holder, long BatchSequence, DateTimeOffset RecordedAt);

/// <summary>A page of a log.</summary>
/// <param name="Events">In order, without gaps among themselves.</param>
/// <param name="LastSequence">The position of the log's last event; 0 for an empty log.</param>
internal sealed record EventPage(IReadOnlyList<StoredEvent> Events, long LastSequence);

/// <summary>
/// Where the logs are read. They are written by the guarded step of <see cref="ILeaseStore"/> alone. All throw
/// <see cref="StoreException"/> where the store is away.
/// </summary>
internal interface IEventStore
{
    /// <summary>
    /// At most <paramref name="count"/> events after a position; the first of them is further away than one where
    /// retention removed what was between.
    /// </summary>
    ValueTask<EventPage> ReadAsync(ResourceKey resource, long after, int count, CancellationToken cancellation);

    /// <summary>Calls back soon after the log grew. Only a hint: it may come late, twice or never.</summary>
    ValueTask<IAsyncDisposable> OnAppendedAsync(ResourceKey resource, Action appended, CancellationToken cancellation);
}
