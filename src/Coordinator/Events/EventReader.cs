using Coordinator.Leases;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Coordinator.Events;

/// <summary>The rules of reading a log.</summary>
internal sealed class EventReader(IEventStore store, TimeProvider time)
{
    // One read of the store: a page is put together from several, so that none of them is ever much larger than a page may be.
    private const int EventsAtOnce = 100;
    private const int MaxPageBytes = 2 << 20;

    // What a hint that never came costs a follower at most.
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>A page behind a position, of at most 2 MiB; 0 events asks for <see cref="LeaseBounds.DefaultPageSize"/>.</summary>
    public async ValueTask<Outcome<EventPage>> ReadAsync(
        string tenant, string resource, long after, int pageSize, CancellationToken cancellation)
    {
        if ((LeaseRules.Resource(resource) ?? Position(after)) is { } refusal)
        {
            return refusal;
        }

        if (pageSize is < 0 or > LeaseBounds.MaxPageSize)
        {
            return Refusal.Invalid("page_size", $"must be 0 to {LeaseBounds.MaxPageSize}, not {pageSize}");
        }

        var page = await PageAsync(
            ResourceKey.Of(tenant, resource), after, pageSize == 0 ? LeaseBounds.DefaultPageSize : pageSize, cancellation).ConfigureAwait(false);
        return after > page.LastSequence ? Refusals.BeyondEnd(page.LastSequence) : page;
    }

    private async ValueTask<EventPage> PageAsync(ResourceKey resource, long after, int count, CancellationToken cancellation)
    {
        var (events, bytes) = (new List<StoredEvent>(), 0L);
        while (true)
        {
            var read = await store.ReadAsync(resource, after, Math.Min(EventsAtOnce, count - events.Count), cancellation).ConfigureAwait(false);
            foreach (var stored in read.Events)
            {
                bytes += stored.Payload.Length + stored.Type.Length;
                // A page is one answer with one gap marker in front: what retention cut between two reads begins the next page.
                if (events.Count > 0 && (bytes > MaxPageBytes || stored.Sequence != events[^1].Sequence + 1))
                {
                    return new(events, read.LastSequence);
                }

                events.Add(stored);
            }

            if (read.Events.Count == 0 || events.Count == count || events[^1].Sequence >= read.LastSequence)
            {
                return new(events, read.LastSequence);
            }

            after = events[^1].Sequence;
        }
    }

    /// <summary>The events behind a position, then those to come, without end; a refusal ends it.</summary>
    public async IAsyncEnumerable<Outcome<IReadOnlyList<StoredEvent>>> FollowAsync(
        string tenant, string resource, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if ((LeaseRules.Resource(resource) ?? Position(after)) is { } refusal)
        {
            yield return refusal;
            yield break;
        }

        // Holds one hint at most, and may be told after this reader has gone: the teller is somebody's append.
        var grown = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        await using var listening = await store.OnAppendedAsync(
            ResourceKey.Of(tenant, resource), () => grown.Writer.TryWrite(true), cancellation).ConfigureAwait(false);
        while (true)
        {
            if (!(await ReadAsync(tenant, resource, after, LeaseBounds.MaxPageSize, cancellation).ConfigureAwait(false)).Try(out var page, out var refused))
            {
                yield return refused;
                yield break;
            }

            if (page.Events.Count > 0)
            {
                after = page.Events[^1].Sequence;
                yield return new Outcome<IReadOnlyList<StoredEvent>>(page.Events);
                continue;
            }

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(grown.Reader.ReadAsync(waiting.Token).AsTask(), Task.Delay(Poll, time, waiting.Token)).ConfigureAwait(false);
            await waiting.CancelAsync().ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private static Refusal? Position(long after) =>
        after >= 0 ? null : Refusal.Invalid("after_sequence", $"must be 0 or a position, not {after}");
}
