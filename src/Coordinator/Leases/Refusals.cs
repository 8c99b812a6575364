using System.Globalization;

namespace Coordinator.Leases;

/// <summary>The sentences of the refusals that a store decides: the same from each store.</summary>
internal static class Refusals
{
    public static Refusal Held(Lease lease) =>
        new(RefusalKind.LeaseHeld, $"{lease.Resource.Name} is held by {lease.Holder} until {Instant(lease.ExpiresAt)} unless it is renewed")
        {
            Holder = lease.Holder,
            ExpiresAt = lease.ExpiresAt,
        };

    public static Refusal Lost(ResourceKey resource, LostLease lost) =>
        new(RefusalKind.LeaseLost, lost.Reason switch
        {
            EndReason.Expired => $"The lease of {resource.Name} expired",
            EndReason.Released => $"The lease of {resource.Name} was released",
            EndReason.Revoked => $"The lease of {resource.Name} was revoked",
            EndReason.Superseded => $"The lease of {resource.Name} moved to a newer connection of its holder",
            _ => $"This is not the valid token of {resource.Name}",
        })
        {
            Lost = lost,
        };

    public static Refusal NotFound(ResourceKey resource) => new(RefusalKind.LeaseNotFound, $"{resource.Name} is not leased");

    public static Refusal OperationMismatch() =>
        new(RefusalKind.OperationMismatch, "This operation id was used before with other arguments") { Field = "operation_id" };

    public static Refusal Gap(long expected) =>
        new(RefusalKind.SequenceGap, string.Create(CultureInfo.InvariantCulture, $"The next batch sequence is {expected}")) { Expected = expected };

    public static Refusal BatchMismatch() =>
        new(RefusalKind.BatchMismatch, "Another batch is stored under this sequence") { Field = "batch_sequence" };

    public static Refusal CursorTrimmed() =>
        new(RefusalKind.CursorTrimmed, "Changes behind this cursor are no longer kept: watch again without it");

    public static Refusal BeyondEnd(long last) =>
        new(RefusalKind.PositionBeyondEnd, string.Create(CultureInfo.InvariantCulture, $"The last position is {last}"));

    public static Refusal Absent(ResourceKey resource) => new(RefusalKind.RecordNotFound, $"{resource.Name} is not known");

    public static Refusal Final(ResourceKey resource, string state) =>
        new(RefusalKind.RecordFinal, $"{resource.Name} is {state}") { About = state };

    /// <param name="lease">Null where nobody holds it.</param>
    public static Refusal NotHolder(ResourceKey resource, Lease? lease) =>
        new(RefusalKind.NotHolder, lease is null
            ? $"{resource.Name} is held by nobody"
            : $"{resource.Name} is held by {lease.Holder} until {Instant(lease.ExpiresAt)} unless it is renewed")
        {
            Holder = lease?.Holder,
            ExpiresAt = lease?.ExpiresAt,
        };

    public static Refusal NameTaken(string name) => new(RefusalKind.NameTaken, $"{name} is in use") { About = name };

    public static Refusal TooManyActive(int active, int most) =>
        new(RefusalKind.TooManyActive, $"{active} are active, of at most {most}") { Active = active, Most = most };

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
