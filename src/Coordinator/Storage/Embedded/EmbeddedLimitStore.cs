using Coordinator.Leases;
using Coordinator.Limits;

namespace Coordinator.Storage.Embedded;

/// <summary>Counts of calls in this process: those of the window that is now, and none of any before.</summary>
internal sealed class EmbeddedLimitStore(TimeProvider time) : ILimitStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int>[] _partitions = [.. Enumerable.Range(0, ResourceKey.Partitions).Select(_ => new Dictionary<string, int>())];
    private (long Number, TimeSpan Length) _window;

    /// <summary>How many counts are kept.</summary>
    public int Kept
    {
        get
        {
            lock (_gate)
            {
                return _partitions.Sum(counts => counts.Count);
            }
        }
    }

    public ValueTask<WindowCount> CountAsync(string subject, int limit, TimeSpan window, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
            Turn((now / window.Ticks, window));
            var counts = _partitions[Partition(subject)];
            // The places that are shared are named by fewer characters, and are beside those of their own.
            var place = counts.ContainsKey(subject) || counts.Count < ILimitStore.OwnPlaces ? subject : subject[^ILimitStore.SharedPlaceCharacters..];
            var count = counts.GetValueOrDefault(place) + 1;
            if (count <= limit)
            {
                counts[place] = count;
            }

            return new(new WindowCount(count, TimeSpan.FromTicks(window.Ticks - (now % window.Ticks))));
        }
    }

    private void Turn((long Number, TimeSpan Length) window)
    {
        if (_window == window)
        {
            return;
        }

        _window = window;
        foreach (var counts in _partitions)
        {
            counts.Clear();
        }
    }

    private static int Partition(string subject) => Convert.FromHexString(subject.AsSpan(0, 2))[0];
}
