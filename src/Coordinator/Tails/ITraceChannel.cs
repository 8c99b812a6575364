using Coordinator.Leases;

namespace Coordinator.Tails;

/// <summary>
/// Carries what scripts emit from the coordinator that gets it to those that have readers. Nothing is kept: whoever does not listen
/// does not hear. All throw <see cref="StoreException"/> where the store is away.
/// </summary>
internal interface ITraceChannel
{
    ValueTask PublishAsync(string tenant, ReadOnlyMemory<byte> batch, CancellationToken cancellation);

    /// <summary>Calls back with every batch of the account from now on, one at a time; the callback must not block.</summary>
    ValueTask<IAsyncDisposable> ListenAsync(string tenant, Action<ReadOnlyMemory<byte>> heard, CancellationToken cancellation);
}
