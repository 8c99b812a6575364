using System.Text.RegularExpressions;

namespace Coordinator.Leases;

/// <summary>What may be asked for: each check gives the refusal, or null. Nothing is looked up here.</summary>
internal static class LeaseRules
{
    public static Refusal? Resource(string name, string field = "resource") =>
        Name(name, field, LeaseBounds.ResourceName(), LeaseBounds.MaxResourceLength, "A-Z a-z 0-9 . _ : ~ / -");

    /// <summary>A resource that a caller without a surface of its own may own.</summary>
    public static Refusal? NativeResource(string name, string field = "resource") =>
        Resource(name, field)
        ?? (Array.Find(LeaseBounds.ReservedPrefixes, name.StartsWith) is { } prefix
            ? Refusal.Invalid(field, $"names beginning with \"{prefix}\" are owned by another surface")
            : null);

    public static Refusal? Id(string id, string field) =>
        Name(id, field, LeaseBounds.Id(), LeaseBounds.MaxHolderLength, "A-Z a-z 0-9 . _ : ~ -");

    public static Refusal? Ttl(TimeSpan ttl, string field = "ttl_ms") =>
        ttl >= LeaseBounds.MinTtl && ttl <= LeaseBounds.MaxTtl
            ? null
            : Refusal.Invalid(field, $"must be {LeaseBounds.MinTtl.TotalMilliseconds:0} to {LeaseBounds.MaxTtl.TotalMilliseconds:0} ms, not {ttl.TotalMilliseconds:0}");

    public static Refusal? Token(long token, string field = "token") =>
        token > 0 ? null : Refusal.Invalid(field, $"must be the token of a grant, greater than 0, not {token}");

    public static Refusal? Prefix(string prefix) =>
        prefix.Length == 0 ? null : Resource(prefix, "prefix");

    public static Refusal? Reason(string reason) =>
        reason.Length <= LeaseBounds.MaxReasonLength && !reason.Any(char.IsControl)
            ? null
            : Refusal.Invalid("reason", $"must be at most {LeaseBounds.MaxReasonLength} characters without control characters");

    public static Refusal? Labels(IReadOnlyDictionary<string, string> labels)
    {
        if (labels.Count > LeaseBounds.MaxLabels)
        {
            return Refusal.Invalid("labels", $"at most {LeaseBounds.MaxLabels}, not {labels.Count}");
        }

        return labels.Any(label => label.Key.Length is 0 or > LeaseBounds.MaxLabelLength || label.Value.Length > LeaseBounds.MaxLabelLength)
            ? Refusal.Invalid("labels", $"keys must be 1 to {LeaseBounds.MaxLabelLength} characters, values at most {LeaseBounds.MaxLabelLength}")
            : null;
    }

    /// <param name="least">How many events it must have: a batch of none is a number alone.</param>
    public static Refusal? Batch(long sequence, IReadOnlyList<EventEntry> events, int least = 1)
    {
        if (sequence < 1)
        {
            return Refusal.Invalid("batch_sequence", $"counts from 1, not {sequence}");
        }

        if (events.Count < least || events.Count > LeaseBounds.MaxEventsPerBatch)
        {
            return Refusal.Invalid("events", $"must be {least} to {LeaseBounds.MaxEventsPerBatch} events, not {events.Count}");
        }

        long bytes = 0;
        for (var i = 0; i < events.Count; i++)
        {
            if (!LeaseBounds.EventType().IsMatch(events[i].Type))
            {
                return Refusal.Invalid($"events[{i}].type", $"must be 1 to {LeaseBounds.MaxEventTypeLength} characters of A-Z a-z 0-9 . _ : ~ -");
            }

            bytes += events[i].Type.Length + events[i].Payload.Length;
        }

        return bytes <= LeaseBounds.MaxBatchBytes
            ? null
            : Refusal.Invalid("events", $"must be at most {LeaseBounds.MaxBatchBytes} bytes of types and payloads, not {bytes}");
    }

    private static Refusal? Name(string name, string field, Regex allowed, int most, string characters) =>
        allowed.IsMatch(name)
            ? null
            : Refusal.Invalid(field, $"must be 1 to {most} characters of {characters}{(name.Length > most ? $", not {name.Length} characters" : "")}");
}
