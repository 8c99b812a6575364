using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Leases;

/// <summary>Names a resource of a tenant, and the partition whose keys change together with it.</summary>
internal sealed record ResourceKey(string Tenant, string Name, int Partition)
{
    /// <summary>How many partitions there are. Fixed: a store remembers the number and refuses another.</summary>
    public const int Partitions = 256;

    /// <summary>The prefixes of the names that rooms of their own hand out.</summary>
    public const string Run = "run:";

    /// <inheritdoc cref="Run"/>
    public const string Tunnel = "tunnel:";

    /// <inheritdoc cref="Run"/>
    public const string Worker = "worker:";

    /// <summary>Of a script's tails: behind it stand its hash, a colon and the tail's id.</summary>
    public const string Tail = "tail.";

    /// <inheritdoc cref="Run"/>
    public const string Live = "live:";

    /// <inheritdoc cref="Run"/>
    public const string Script = "script:";

    /// <summary>The prefix of a worker's TypeID.</summary>
    public const string WorkerIdPrefix = "wrk";

    /// <summary>What stands before the first colon of its name; the name where there is none.</summary>
    public string Kind => Name.Split(':', 2)[0];

    /// <summary>The key of a resource: its partition follows from tenant and name.</summary>
    /// <remarks>
    /// The ids of runs and workers carry their partition: a run's that of its lane, a worker's that of the operation which registers it. All
    /// tunnels of a tenant share one, so that their names and number are kept in one step; so do the tails of a script.
    /// </remarks>
    public static ResourceKey Of(string tenant, string name) => new(tenant, name,
        name.StartsWith(Run, StringComparison.Ordinal) && Uuids.TryRead(name[Run.Length..], out var id) ? PartitionOf(id)
        : name.StartsWith(Worker, StringComparison.Ordinal) && TypeIds.IsValid(name[Worker.Length..], WorkerIdPrefix) ? TypeIds.LastByte(name)
        : name.StartsWith(Tail, StringComparison.Ordinal) ? PartitionOf(tenant, name.Split(':', 2)[0])
        : name.StartsWith(Live, StringComparison.Ordinal) ? PartitionOfLive(tenant)
        : name.StartsWith(Tunnel, StringComparison.Ordinal) ? PartitionOfTunnels(tenant)
        : PartitionOf(tenant, name));

    /// <summary>The partition of what waits in a lane.</summary>
    public static int PartitionOfLane(string tenant, string lane) => PartitionOf(tenant, $"lane:{lane}");

    /// <summary>Where a retry of an operation finds what the first try made.</summary>
    public static int PartitionOfOperation(string tenant, string id) => PartitionOf(tenant, $"operation:{id}");

    public static int PartitionOfLive(string tenant) => PartitionOf(tenant, Live);

    /// <summary>Whether records of this kind are gone with their lease.</summary>
    public static bool IsTail(string kind) => kind.StartsWith(Tail, StringComparison.Ordinal) || kind == "live";

    public static int PartitionOfTunnels(string tenant) => PartitionOf(tenant, Tunnel);

    private static int PartitionOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return bytes[0];
    }

    // The first byte of a SHA-256: stable over versions and machines, evenly spread, and nobody's own hash function.
    private static int PartitionOf(string tenant, string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant}\n{name}"), hash);
        return hash[0];
    }
}
