using System.Runtime.CompilerServices;
using Coordinator.Leases;

namespace Coordinator.Events;

/// <summary>The rules of reading a log.</summary>
internal sealed class EventReader(IEventStore store, TimeProvider time)
{
    // What a hint that never came costs a follower at most.
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>A page behind a position; 0 events asks for <see cref="LeaseBounds.DefaultPageSize"/>.</summary>
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

        var page = await store.ReadAsync(
            ResourceKey.Native(tenant, resource), after, pageSize == 0 ? LeaseBounds.DefaultPageSize : pageSize, cancellation).ConfigureAwait(false);
        return after > page.LastSequence ? Refusals.BeyondEnd(page.LastSequence) : page;
    }

    /// <summary>The events behind a position, then those to come, without end; a refusal ends it.</summary>
    public async IAsyncEnumerable<Outcome<IReadOnlyList<StoredEvent>>> FollowAsync(
        string tenant, string resource, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var grown = new SemaphoreSlim(0);
        if ((LeaseRules.Resource(resource) ?? Position(after)) is { } refusal)
        {
            yield return refusal;
            yield break;
        }

        // A hint more or less does no harm; the count only must not run away while nobody waits.
        void Hear()
        {
            if (grown.CurrentCount == 0)
            {
                grown.Release();
            }
        }

        await using var listening = await store.OnAppendedAsync(ResourceKey.Native(tenant, resource), Hear, cancellation).ConfigureAwait(false);
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
            await Task.WhenAny(grown.WaitAsync(waiting.Token), Task.Delay(Poll, time, waiting.Token)).ConfigureAwait(false);
            await waiting.CancelAsync().ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private static Refusal? Position(long after) =>
        after >= 0 ? null : Refusal.Invalid("after_sequence", $"must be 0 or a position, not {after}");
}
