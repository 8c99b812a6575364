using Coordinator.Leases;
using System.Globalization;

namespace Coordinator.Records;

/// <summary>What is known of a resource at one instant of the store's clock.</summary>
/// <param name="Fields">By name; instants are microseconds since 1970 unless a room says otherwise.</param>
/// <param name="Lease">Null where nobody holds it.</param>
/// <param name="Control">What its holder is asked to do; null for nothing.</param>
internal sealed record Record(ResourceKey Resource, IReadOnlyDictionary<string, string> Fields, Lease? Lease, LeaseControl? Control)
{
    /// <summary>The name behind its kind: <c>run:ID</c> is <c>ID</c>.</summary>
    public string Id => Resource.Name[(Resource.Name.IndexOf(':', StringComparison.Ordinal) + 1)..];

    public string? Text(string field) => Fields.GetValueOrDefault(field);

    public long? Number(string field) => Text(field) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;

    public DateTimeOffset? Instant(string field) =>
        Number(field) is { } microseconds ? DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond) : null;
}

/// <summary>Names the fields that the store itself reads or writes; a room has others of its own beside them.</summary>
internal static class RecordFields
{
    /// <summary>When it was made, in µs; no two of a partition are equal.</summary>
    public const string Created = "created";

    /// <summary>What it has come to; those of <see cref="Final"/> are the last.</summary>
    public const string State = "state";

    /// <summary>Set once its holder was asked to stop.</summary>
    public const string Cancel = "cancel";

    /// <summary>The lane it waits in.</summary>
    public const string Lane = "lane";

    public const string WorkerId = "worker_id";

    public const string ClaimedAt = "claimed_at";

    public const string LastHeartbeat = "last_heartbeat";

    public const string Slug = "slug";

    public const string Hostname = "hostname";

    public const string StoppedAt = "stopped_at";

    public const string LastError = "last_error";

    /// <summary>States that are not left again; a record in one is kept for a while and then forgotten.</summary>
    public static readonly IReadOnlySet<string> Final = new HashSet<string> { "shipped", "failed", "released", "stopped" };
}

/// <summary>A page of records; the next one begins after <paramref name="Next"/>, null after the last.</summary>
internal sealed record RecordPage(IReadOnlyList<Record> Records, long? Next);
