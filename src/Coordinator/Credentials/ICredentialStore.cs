using Coordinator.Leases;

namespace Coordinator.Credentials;

/// <summary>What became of a credential that was to be removed.</summary>
internal enum Removal
{
    Removed,

    /// <summary>The tenant has no credential of this id.</summary>
    Unknown,

    /// <summary>It was given when the process was started, and lasts as long as the process.</summary>
    OfTheStart,
}

/// <summary>
/// Where credentials are kept, by the SHA-256 of the whole token. Adding and removing are one atomic step each. All throw
/// <see cref="StoreException"/> where the store is away or the outcome is unknown.
/// </summary>
internal interface ICredentialStore
{
    /// <summary>
    /// How many credentials a tenant may have in one partition of hashes. Hashes spread evenly: of 256 partitions none is full before a
    /// tenant has far more than 10,000.
    /// </summary>
    const int MostPerPartition = 100;

    /// <summary>The credential whose token has this SHA-256 (64 lower-case hex characters), or null. Its idle life begins anew.</summary>
    ValueTask<Credential?> FindAsync(string sha256, CancellationToken cancellation);

    /// <summary>Keeps it; the same again changes nothing. Refuses with <see cref="RefusalKind.LimitExceeded"/>.</summary>
    ValueTask<Outcome<Credential>> AddAsync(Credential credential, CancellationToken cancellation);

    /// <summary>All credentials of a tenant, in no order. Their idle life goes on.</summary>
    ValueTask<IReadOnlyList<Credential>> ListAsync(string tenant, CancellationToken cancellation);

    /// <param name="id">A <see cref="Credential.Id"/>: 16 lower-case hex characters.</param>
    ValueTask<Removal> RemoveAsync(string tenant, string id, CancellationToken cancellation);
}
