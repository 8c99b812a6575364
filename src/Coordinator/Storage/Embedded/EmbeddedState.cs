using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>All partitions of the in-process store, its clock, and the hints it gives. Gone with the process.</summary>
internal sealed class EmbeddedState(TimeProvider time, StoreRetention retention) : IStoreHealth
{
    private readonly EmbeddedPartition[] _partitions = [.. Enumerable.Range(0, ResourceKey.Partitions).Select(_ => new EmbeddedPartition())];

    /// <summary>A partition changed; raised outside every lock.</summary>
    public event Action<int>? Changed;

    /// <summary>A log grew; raised outside every lock.</summary>
    public event Action<ResourceKey>? Appended;

    public StoreRetention Retention { get; } = retention;

    /// <inheritdoc/>
    public bool Ready => true;

    /// <inheritdoc/>
    public string? Reason => null;

    /// <inheritdoc/>
    public string Durability => "memory";

    public IReadOnlyList<EmbeddedPartition> Partitions => _partitions;

    /// <summary>Runs one atomic step on a partition, with the time read once, then gives the hints that it earned.</summary>
    public T Run<T>(ResourceKey resource, Func<EmbeddedStep, T> step) => Run(resource.Partition, step);

    /// <inheritdoc cref="Run{T}(ResourceKey, Func{EmbeddedStep, T})"/>
    public T Run<T>(int partition, Func<EmbeddedStep, T> step)
    {
        var place = _partitions[partition];
        T result;
        bool changed;
        EmbeddedStep taken;
        lock (place.Gate)
        {
            var before = place.Position;
            taken = new(place, partition, Microseconds(), Retention);
            result = step(taken);
            changed = place.Position != before || taken.Woke;
        }

        if (changed)
        {
            Changed?.Invoke(partition);
        }

        foreach (var log in taken.Grown)
        {
            Appended?.Invoke(log);
        }

        return result;
    }

    private long Microseconds() => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
