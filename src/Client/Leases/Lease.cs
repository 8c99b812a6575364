using Coordinator.V1;

namespace Coordinator.Client;

/// <summary>A lease as a coordinator describes it.</summary>
/// <param name="Resource">What is owned.</param>
/// <param name="Token">The fencing token of the grant.</param>
/// <param name="Holder">Who owns it.</param>
/// <param name="Ttl">What a renewal grants.</param>
/// <param name="ExpiresAt">When it ends unless renewed, on the store's clock.</param>
/// <param name="AcquiredAt">When it was granted, on the store's clock.</param>
/// <param name="LastBatchSequence">The last event batch stored under the token; 0 for none.</param>
/// <param name="Labels">The labels of the session that acquired it.</param>
public sealed record LeaseInfo(
    string Resource, long Token, string Holder, TimeSpan Ttl, DateTimeOffset ExpiresAt, DateTimeOffset AcquiredAt, long LastBatchSequence,
    IReadOnlyDictionary<string, string> Labels)
{
    internal static LeaseInfo From(Lease lease) => new(
        lease.Resource, lease.Token, lease.Holder, TimeSpan.FromMilliseconds(lease.TtlMs), lease.ExpiresAt.ToDateTimeOffset(),
        lease.AcquiredAt.ToDateTimeOffset(), lease.LastBatchSequence, lease.Labels.ToDictionary());
}

/// <summary>Why a lease is over.</summary>
public enum LeaseEnd
{
    /// <summary>It is not.</summary>
    None = 0,

    /// <summary>Its TTL ran out: by the coordinator's word, or by this process's own clock, which is the earlier of the two.</summary>
    Expired = 1,

    /// <summary>It was given back.</summary>
    Released = 2,

    /// <summary>Somebody with the right to ended it.</summary>
    Revoked = 3,

    /// <summary>Another connection of the same worker took it over.</summary>
    Superseded = 4,

    /// <summary>It is over, and the reason is no longer known.</summary>
    Forgotten = 5,

    /// <summary>The session it belonged to was stopped or refused.</summary>
    SessionEnded = 6,

    /// <summary>It was to be given back, and no coordinator has answered to that: it was, or it ends when its TTL runs out.</summary>
    OutcomeUnknown = 7,
}

/// <summary>Ends as they stand on the wire.</summary>
internal static class LeaseEnds
{
    /// <summary>Over it is, whether or not the reason is one that is known here.</summary>
    public static LeaseEnd Of(EndReason told) => told is > EndReason.Unspecified and <= EndReason.Forgotten ? (LeaseEnd)told : LeaseEnd.Forgotten;
}

/// <summary>A grant that began or ended.</summary>
/// <param name="Lease">Resource and token of the grant.</param>
/// <param name="Holder">Who has or had it.</param>
/// <param name="End">Why it ended; <see cref="LeaseEnd.None"/> for a grant that began.</param>
/// <param name="At">When, on the store's clock.</param>
public sealed record LeaseChanged(LeaseId Lease, string Holder, LeaseEnd End, DateTimeOffset At);

/// <summary>A grant by what its holder knows of it.</summary>
/// <param name="Resource">What is leased.</param>
/// <param name="Token">The fencing token.</param>
public readonly record struct LeaseId(string Resource, long Token)
{
    internal LeaseRef ToWire() => new() { Resource = Resource, Token = Token };
}

/// <summary>Whether a token is the valid one.</summary>
/// <param name="Valid">True at the instant of the answer.</param>
/// <param name="Remaining">What is left of the lease; zero where it is not valid.</param>
/// <param name="CurrentToken">The valid token of the resource; 0 for none.</param>
public readonly record struct TokenCheck(bool Valid, TimeSpan Remaining, long CurrentToken);

/// <summary>Something that a Watch saw: a lease of the snapshot, or a change.</summary>
/// <param name="Snapshot">A lease that was there when the watch began; null for a change.</param>
/// <param name="Change">A grant that began or ended; null for a lease of the snapshot.</param>
public readonly record struct WatchItem(LeaseInfo? Snapshot, LeaseChanged? Change);
