using Coordinator.Events;
using Coordinator.Leases;
using Coordinator.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using EndReason = Coordinator.V1.EndReason;
using Lease = Coordinator.V1.Lease;
using LeaseChange = Coordinator.V1.LeaseChange;
using LeaseControl = Coordinator.V1.LeaseControl;
using LostLease = Coordinator.V1.LostLease;
using StoredEvent = Coordinator.V1.StoredEvent;

namespace Coordinator.Services;

/// <summary>Between the messages of the wire and the types of the rules.</summary>
internal static class Wire
{
    public static Lease ToWire(this Leases.Lease lease)
    {
        var message = new Lease
        {
            Resource = lease.Resource.Name,
            Token = lease.Token,
            Holder = lease.Holder,
            TtlMs = lease.Ttl.Milliseconds(),
            ExpiresAt = Timestamp.FromDateTimeOffset(lease.ExpiresAt),
            AcquiredAt = Timestamp.FromDateTimeOffset(lease.AcquiredAt),
            LastBatchSequence = lease.LastBatchSequence,
        };
        message.Labels.Add(lease.Labels.ToDictionary());
        return message;
    }

    public static LostLease ToWire(this Leases.LostLease lost, string resource, long token) => new()
    {
        Resource = resource,
        Token = token,
        Reason = lost.Reason.ToWire(),
        CurrentToken = lost.CurrentToken,
        LastBatchSequence = lost.LastBatchSequence,
    };

    public static EndReason ToWire(this Leases.EndReason reason) => reason switch
    {
        Leases.EndReason.Expired => EndReason.Expired,
        Leases.EndReason.Released => EndReason.Released,
        Leases.EndReason.Revoked => EndReason.Revoked,
        Leases.EndReason.Superseded => EndReason.Superseded,
        _ => EndReason.Forgotten,
    };

    public static LeaseControl ToWire(this Leases.LeaseControl control) => new() { Id = control.Id, Kind = control.Kind, Reason = control.Reason };

    public static LeaseChange ToWire(this Leases.LeaseChange change) => new()
    {
        Kind = change.Reason is null ? LeaseChange.Types.Kind.Acquired : LeaseChange.Types.Kind.Ended,
        Resource = change.Resource,
        Token = change.Token,
        Holder = change.Holder,
        Reason = change.Reason?.ToWire() ?? EndReason.Unspecified,
        AtMs = RoundUp(change.At),
    };

    // An end is never told as earlier than the instant at which the lease was over.
    private static long RoundUp(DateTimeOffset at) => at.AddTicks(TimeSpan.TicksPerMillisecond - 1).ToUnixTimeMilliseconds();

    public static StoredEvent ToWire(this Events.StoredEvent stored) => new()
    {
        Sequence = stored.Sequence,
        Type = stored.Type,
        Payload = UnsafeByteOperations.UnsafeWrap(stored.Payload),
        Token = stored.Token,
        Holder = stored.Holder,
        BatchSequence = stored.BatchSequence,
        RecordedAt = Timestamp.FromDateTimeOffset(stored.RecordedAt),
    };

    public static EventEntry[] ToEntries(this IEnumerable<Event> events) => [.. events.Select(e => new EventEntry(e.Type, e.Payload.Memory))];

    public static Timestamp ToWire(this DateTimeOffset at) => Timestamp.FromDateTimeOffset(at);

    public static Timestamp? ToWire(this DateTimeOffset? at) => at is { } instant ? Timestamp.FromDateTimeOffset(instant) : null;

    public static long Milliseconds(this TimeSpan span) => (long)span.TotalMilliseconds;

    /// <summary>A length from the wire; one too large for a <see cref="TimeSpan"/> becomes the largest, which every bound refuses.</summary>
    public static TimeSpan FromMilliseconds(long milliseconds) =>
        milliseconds is > -922_337_203_685_477 and < 922_337_203_685_477
            ? TimeSpan.FromMilliseconds(milliseconds)
            : milliseconds < 0 ? TimeSpan.MinValue : TimeSpan.MaxValue;
}
