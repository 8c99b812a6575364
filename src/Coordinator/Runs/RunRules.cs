using Coordinator.Leases;
using System.Security.Cryptography;

namespace Coordinator.Runs;

/// <summary>Names and bounds of runs that no message says of itself.</summary>
internal static class RunRules
{
    public const string Queued = "queued";
    public const string Claimed = "claimed";
    public const string Running = "running";
    public const string Paused = "paused";
    public const string Released = "released";

    /// <summary>What a run is that says nothing of it.</summary>
    public const string DefaultRole = "other";

    /// <summary>The payload of a run, in bytes of JSON.</summary>
    public const int MaxPayloadBytes = 256 << 10;

    public static readonly TimeSpan DefaultLease = TimeSpan.FromSeconds(120);
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(30);

    /// <summary>1 to 200 characters of any script; nothing that would break a line of a log or a header.</summary>
    public static Refusal? Worker(string workerId) =>
        workerId.Any(char.IsControl) ? Refusal.Invalid("worker_id", "must not have control characters") : null;

    /// <summary>The resource of a run by its id, a UUID in any case.</summary>
    public static ResourceKey Resource(string tenant, Guid id) => ResourceKey.Of(tenant, $"{ResourceKey.Run}{id:D}");

    /// <summary>A new UUID (version 8): the first byte is the partition of the lane, the others are random.</summary>
    public static Guid MakeId(int partition)
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        bytes[0] = (byte)partition;
        bytes[6] = (byte)(0x80 | (bytes[6] & 0x0F));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new(bytes, bigEndian: true);
    }
}
