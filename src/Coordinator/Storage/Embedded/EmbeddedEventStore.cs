using Coordinator.Events;
using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>Reads the logs of the in-process store.</summary>
internal sealed class EmbeddedEventStore(EmbeddedState state) : IEventStore
{
    public ValueTask<EventPage> ReadAsync(ResourceKey resource, long after, int count, CancellationToken cancellation) => new(state.Run(resource, step =>
        EmbeddedLogs.Find(step, resource) is { } log
            ? new EventPage([.. log.Events.Where(stored => stored.Sequence > after).Take(count)], log.Last)
            : new([], 0)));

    public ValueTask<IAsyncDisposable> OnAppendedAsync(ResourceKey resource, Action appended, CancellationToken cancellation)
    {
        void Heard(ResourceKey grown)
        {
            if (grown == resource)
            {
                appended();
            }
        }

        state.Appended += Heard;
        return new(new Subscription(() => state.Appended -= Heard));
    }
}
