using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>All partitions of the in-process store, its clock, and the hints it gives. Gone with the process.</summary>
internal sealed class EmbeddedState(TimeProvider time, StoreRetention retention) : IStoreHealth
{
    private readonly EmbeddedPartition[] _partitions = [.. Enumerable.Range(0, ResourceKey.Partitions).Select(i => new EmbeddedPartition(i, retention))];

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
    public T Run<T>(int partition, Func<EmbeddedStep, T> step) => Run(partition, step, static (taken, step) => step(taken));

    /// <summary>The same without a closure.</summary>
    public TResult Run<TArgument, TResult>(int partition, TArgument argument, Func<EmbeddedStep, TArgument, TResult> step)
    {
        var place = _partitions[partition];
        TResult result;
        bool changed;
        IReadOnlyList<ResourceKey> grown;
        lock (place.Gate)
        {
            var before = place.Position;
            var taken = place.Begin(Microseconds());
            result = step(taken, argument);
            changed = place.Position != before || taken.Woke;
            grown = taken.TakeGrown();
        }

        if (changed)
        {
            Changed?.Invoke(partition);
        }

        for (var i = 0; i < grown.Count; i++)
        {
            Appended?.Invoke(grown[i]);
        }

        return result;
    }

    private long Microseconds() => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
