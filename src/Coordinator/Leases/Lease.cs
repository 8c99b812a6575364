namespace Coordinator.Leases;

/// <summary>A valid lease as the store knows it at one instant of its clock.</summary>
/// <param name="Resource">What is owned.</param>
/// <param name="Token">The fencing token of this grant.</param>
/// <param name="Holder">Who owns it.</param>
/// <param name="Ttl">What a renewal grants.</param>
/// <param name="ExpiresAt">When it ends unless renewed, on the store's clock.</param>
/// <param name="AcquiredAt">When it was granted, on the store's clock.</param>
/// <param name="LastBatchSequence">The last event batch stored under this token; 0 for none.</param>
/// <param name="Labels">What the session that acquired it says of itself.</param>
internal sealed record Lease(
    ResourceKey Resource,
    long Token,
    string Holder,
    TimeSpan Ttl,
    DateTimeOffset ExpiresAt,
    DateTimeOffset AcquiredAt,
    long LastBatchSequence,
    IReadOnlyDictionary<string, string> Labels);

/// <summary>Why a grant ended.</summary>
internal enum EndReason
{
    /// <summary>Its TTL ran out.</summary>
    Expired = 1,

    /// <summary>Its holder gave it back.</summary>
    Released = 2,

    /// <summary>Somebody with the right to ended it.</summary>
    Revoked = 3,

    /// <summary>It goes on, but on a newer connection of the same holder.</summary>
    Superseded = 4,

    /// <summary>It is over and its record is no longer kept, or it never was.</summary>
    Forgotten = 5,
}

/// <summary>A request to a holder that it has not acknowledged yet.</summary>
internal sealed record LeaseControl(string Id, string Kind, string Reason)
{
    /// <summary>Asks the holder to stop its work and release.</summary>
    public const string Cancel = "cancel";

    /// <summary>Asks the holder of a run to hold on; the lease goes on.</summary>
    public const string Pause = "pause";

    /// <summary>Asks the holder of a paused run to go on.</summary>
    public const string Resume = "resume";

    /// <summary>A request with an id of its own.</summary>
    public static LeaseControl Make(string kind, string reason) => new(Guid.NewGuid().ToString("N"), kind, reason);
}

/// <summary>What a late or foreign holder is told.</summary>
/// <param name="Reason">Why the presented token is not the valid one.</param>
/// <param name="CurrentToken">The valid token of the resource; 0 for none.</param>
/// <param name="LastBatchSequence">The last batch stored under the presented token; 0 for none or forgotten.</param>
internal sealed record LostLease(EndReason Reason, long CurrentToken, long LastBatchSequence);
