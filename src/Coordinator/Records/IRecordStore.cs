using Coordinator.Leases;

namespace Coordinator.Records;

/// <summary>
/// Records: what is known of a resource beside its lease, and outlives it. Each method is one atomic step together with the lease, on the store's
/// own clock; a lease found overdue is ended in that step, with what its end means for the record. All throw
/// <see cref="StoreException"/> as <see cref="ILeaseStore"/> does.
/// </summary>
internal interface IRecordStore
{
    /// <summary>
    /// Refuses with <see cref="RefusalKind.OperationMismatch"/>, <see cref="RefusalKind.NameTaken"/> or <see cref="RefusalKind.TooManyActive"/>.
    /// A retry by operation id gets what the first one made.
    /// </summary>
    ValueTask<Outcome<Record>> CreateAsync(CreateRecord command, CancellationToken cancellation);

    /// <summary>Refuses with <see cref="RefusalKind.RecordNotFound"/>.</summary>
    ValueTask<Outcome<Record>> GetAsync(ResourceKey resource, CancellationToken cancellation);

    /// <summary>Forgets it, and revokes its lease; gives what was known. Refuses with <see cref="RefusalKind.RecordNotFound"/>.</summary>
    ValueTask<Outcome<Record>> RemoveAsync(ResourceKey resource, CancellationToken cancellation);

    /// <summary>
    /// Refuses with <see cref="RefusalKind.RecordNotFound"/>, <see cref="RefusalKind.RecordFinal"/>, <see cref="RefusalKind.NotHolder"/>,
    /// <see cref="RefusalKind.LeaseLost"/>, <see cref="RefusalKind.SequenceGap"/> or <see cref="RefusalKind.BatchMismatch"/>.
    /// </summary>
    ValueTask<Outcome<(Record Record, StepResult Step)>> StepAsync(RecordStep step, CancellationToken cancellation);

    /// <summary>The same, where nothing of the record is asked back.</summary>
    ValueTask<Outcome<StepResult>> TouchAsync(RecordStep step, CancellationToken cancellation);

    /// <summary>Ends the lease of a holder and leaves the record in a state. Refuses like <see cref="StepAsync"/>.</summary>
    ValueTask<Outcome<Record>> EndAsync(EndRecord command, CancellationToken cancellation);

    /// <summary>Refuses with <see cref="RefusalKind.RecordNotFound"/>, <see cref="RefusalKind.RecordFinal"/>, <see cref="RefusalKind.NotHolder"/>
    /// (somebody holds it), <see cref="RefusalKind.OperationMismatch"/> or <see cref="RefusalKind.LeaseLost"/> (a retry whose claim is over).</summary>
    ValueTask<Outcome<Record>> ClaimAsync(ResourceKey resource, Claim claim, CancellationToken cancellation);

    /// <summary>The oldest of a lane, or null where there is none for this claimant. Refuses like <see cref="ClaimAsync"/>.</summary>
    ValueTask<Outcome<Record?>> ClaimNextAsync(Lane lane, Claim claim, CancellationToken cancellation);

    /// <summary>A claimant that waits no longer gives up its place in the line.</summary>
    ValueTask LeaveAsync(Lane lane, string waiter, CancellationToken cancellation);

    /// <summary>Asks the holder to stop; what nobody holds has failed. Refuses with <see cref="RefusalKind.RecordNotFound"/> or
    /// <see cref="RefusalKind.RecordFinal"/>.</summary>
    ValueTask<Outcome<Record>> CancelAsync(ResourceKey resource, LeaseControl control, CancellationToken cancellation);

    /// <summary>The resource that has a name which may stand once in a tenant, or null.</summary>
    ValueTask<string?> FindAsync(int partition, string tenant, string name, CancellationToken cancellation);

    /// <summary>At most <paramref name="count"/> records of a kind in one partition, oldest first.</summary>
    ValueTask<RecordPage> ListAsync(int partition, string tenant, string kind, long after, int count, CancellationToken cancellation);
}
