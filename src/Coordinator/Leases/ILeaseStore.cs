namespace Coordinator.Leases;

/// <summary>
/// Where leases live. Every method is one atomic step per partition on the store's own clock; a lease found overdue by
/// any of them is ended in that step. All throw <see cref="StoreException"/> where the store is away, the command came too late, or
/// its outcome is unknown.
/// </summary>
internal interface ILeaseStore
{
    /// <summary>The largest number of leases one renewal call may carry, so that a store never blocks for long.</summary>
    const int MaxRenewalsPerCall = 512;

    /// <summary>Refuses with <see cref="RefusalKind.LeaseHeld"/> or <see cref="RefusalKind.OperationMismatch"/>.</summary>
    /// <remarks>A retry by operation id that still holds its grant moves it to the command's connection.</remarks>
    ValueTask<Outcome<Lease>> AcquireAsync(AcquireCommand command, CancellationToken cancellation);

    /// <summary>Renews each lease by its own TTL; never shortens one, never revives one that is overdue.</summary>
    /// <param name="guard">What must hold for each.</param>
    /// <param name="renewals">At most <see cref="MaxRenewalsPerCall"/>.</param>
    /// <param name="results">As long as <paramref name="renewals"/>; filled in the same order.</param>
    ValueTask RenewAsync(Guard guard, ReadOnlyMemory<Renewal> renewals, Memory<RenewalResult> results, CancellationToken cancellation);

    /// <summary>
    /// Refuses with <see cref="RefusalKind.LeaseLost"/>, <see cref="RefusalKind.LeaseNotFound"/> (never granted),
    /// <see cref="RefusalKind.SequenceGap"/> or <see cref="RefusalKind.BatchMismatch"/>.
    /// </summary>
    ValueTask<Outcome<StepResult>> StepAsync(GuardedStep step, CancellationToken cancellation);

    /// <summary>
    /// Ends the grant. True also where this token was ended for the same reason before; else refuses with
    /// <see cref="RefusalKind.LeaseLost"/> or <see cref="RefusalKind.LeaseNotFound"/>.
    /// </summary>
    ValueTask<Outcome<bool>> EndAsync(EndCommand command, CancellationToken cancellation);

    /// <summary>Refuses with <see cref="RefusalKind.LeaseNotFound"/>.</summary>
    ValueTask<Outcome<Lease>> GetAsync(ResourceKey resource, CancellationToken cancellation);

    /// <summary>Whether the token is the valid one, what is left of it, and what its holder is asked to do.</summary>
    ValueTask<RenewalResult> CheckAsync(ResourceKey resource, long token, CancellationToken cancellation);

    /// <summary>At most <paramref name="count"/> leases whose names begin with the prefix, in the order of (partition, name).</summary>
    ValueTask<LeasePage> ListAsync(string tenant, string prefix, ListPosition from, int count, CancellationToken cancellation);

    /// <summary>The leases of a tenant in one partition together with the position of the partition's last change.</summary>
    ValueTask<LeaseSnapshot> SnapshotAsync(string tenant, string prefix, int partition, CancellationToken cancellation);

    /// <summary>
    /// At most <paramref name="count"/> changes of a partition after a position. Refuses with
    /// <see cref="RefusalKind.CursorTrimmed"/> or <see cref="RefusalKind.PositionBeyondEnd"/>.
    /// </summary>
    ValueTask<Outcome<IReadOnlyList<LeaseChange>>> ReadChangesAsync(int partition, long after, int count, CancellationToken cancellation);

    /// <summary>The position of the last change of every partition, in order.</summary>
    ValueTask<long[]> ReadPositionsAsync(CancellationToken cancellation);

    /// <summary>Calls back with a partition soon after it changed. Only a hint: it may come late, twice or never.</summary>
    IDisposable OnChanged(Action<int> changed);

    /// <summary>Ends a bounded number of overdue leases in all partitions.</summary>
    ValueTask<SweepResult> SweepAsync(CancellationToken cancellation);
}
