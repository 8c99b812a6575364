using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Leases;

/// <summary>Names a resource of a tenant, and the partition whose keys change together with it.</summary>
internal sealed record ResourceKey(string Tenant, string Name, int Partition)
{
    /// <summary>How many partitions there are. Fixed: a store remembers the number and refuses another.</summary>
    public const int Partitions = 256;

    /// <summary>The key of a native lease: its partition follows from tenant and name.</summary>
    public static ResourceKey Native(string tenant, string name) => new(tenant, name, PartitionOf(tenant, name));

    // The first byte of a SHA-256: stable over versions and machines, evenly spread, and nobody's own hash function.
    private static int PartitionOf(string tenant, string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant}\n{name}"), hash);
        return hash[0];
    }
}
