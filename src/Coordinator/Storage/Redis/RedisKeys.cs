using Coordinator.Leases;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Storage.Redis;

/// <summary>
/// The one place that spells a Redis key, for C# and (through <see cref="Lua"/>) for the scripts. All keys that must
/// change together carry the same <c>{NNN}</c>, so that they share a Cluster slot.
/// </summary>
internal static class RedisKeys
{
    /// <summary>Grows when what is stored is no longer what programs before it read.</summary>
    public const int Layout = 2;

    /// <summary>How many partitions this database was made with, and in which layout.</summary>
    public const string Partitions = "lc:partitions";

    /// <summary>Puts the key functions in front of every script.</summary>
    /// <remarks>A tenant has no colon, so that a lease's key can be taken apart again.</remarks>
    public const string Lua = """
        local function keys_of(lease)
          local partition, tenant, name = string.match(lease, '^(lc:{%d+}:)([^:]+):lease:(.+)$')
          local own = partition .. tenant
          return {
            lease = lease, tenant = tenant, name = name, grant = own .. ':grant:' .. name,
            due = partition .. 'due', head = partition .. 'head', changes = partition .. 'changes', wake = partition .. 'wake',
            held = own .. ':held', ended = own .. ':ended:' .. name, log = own .. ':log:' .. name,
            own = own, kind = string.match(name, '^([^:]+):'), record = own .. ':record:' .. name, names = own .. ':names',
          }
        end
        local function lease_key(due, tenant, name) return string.sub(due, 1, -4) .. tenant .. ':lease:' .. name end
        local function records_of(own, kind) return own .. ':records:' .. kind end
        local function active_of(own, kind) return own .. ':active:' .. kind end
        local function queue_of(own, lane) return own .. ':queue:' .. lane end
        local function waiters_of(queue) return queue .. ':waiters' end
        local function lease_of(own, name) return own .. ':lease:' .. name end
        local function log_of(own, name) return own .. ':log:' .. name end
        local function own_of(key) return string.match(key, '^(lc:{%d+}:[^:]+):') end
        local function head_of(own) return string.match(own, '^(lc:{%d+}:)') .. 'head' end
        local function wake_of(own) return string.match(own, '^(lc:{%d+}:)') .. 'wake' end
        local function held_owner(held) return string.match(held, '^(lc:{%d+}:)([^:]+):held$') end
        local function sweep_marker(due) return string.sub(due, 1, -4) .. 'sweep' end
        local function credential_key(credentials, sha256) return string.match(credentials, '^lc:{%d+}:') .. 'credential:' .. sha256 end

        """;

    /// <summary>Sorted set of <c>token:tenant:name</c> by an instant not after the lease's deadline, in µs.</summary>
    public static string Due(int partition) => Partition(partition) + "due";

    /// <summary>Hash: <c>floor</c>, the last token granted, and <c>position</c>, that of the last change.</summary>
    public static string Head(int partition) => Partition(partition) + "head";

    /// <summary>Redis stream of the grants that began and ended, ids <c>position-0</c>.</summary>
    public static string Changes(int partition) => Partition(partition) + "changes";

    /// <summary>Sharded channel: something was appended to <see cref="Changes"/>.</summary>
    public static string Wake(int partition) => Partition(partition) + "wake";

    /// <summary>Sorted set, score 0: the names of a tenant's leases in a partition.</summary>
    public static string Held(int partition, string tenant) => $"{Partition(partition)}{tenant}:held";

    /// <summary>String: the lease, as far as a renewal needs it; beside it, under <c>grant</c>, a hash with the rest.</summary>
    public static string Lease(ResourceKey resource) => Own(resource, "lease");

    /// <summary>List: the last grants that ended, newest first.</summary>
    public static string Ended(ResourceKey resource) => Own(resource, "ended");

    /// <summary>Redis stream of the resource's events, ids <c>sequence-0</c>; also the sharded channel that tells of growth.</summary>
    public static string Log(ResourceKey resource) => Own(resource, "log");

    /// <summary>Hash: what is known of a resource beside its lease, and outlives it.</summary>
    public static string Record(ResourceKey resource) => Own(resource, "record");

    /// <summary>Sorted set: the names of a tenant's records of one kind in a partition, by their creation in µs.</summary>
    public static string Records(int partition, string tenant, string kind) => $"{Partition(partition)}{tenant}:records:{kind}";

    /// <summary>Hash: from a name that may stand once in a tenant to the resource that has it.</summary>
    public static string Names(int partition, string tenant) => $"{Partition(partition)}{tenant}:names";

    /// <summary>Sorted set: the resources that wait in a lane, by their creation; beside it, under <c>:waiters</c>, who waits for them.</summary>
    public static string Queue(int partition, string tenant, string lane) => $"{Partition(partition)}{tenant}:queue:{LanePart(lane)}";

    /// <summary>String: the first answer to an operation that names no resource yet, in a lane or a kind.</summary>
    public static string RoomOperation(int partition, string tenant, string room, string id) =>
        $"{Partition(partition)}{tenant}:op:{LanePart(room)}|{id}";

    /// <summary>A lane as part of a key: hashed, because its name is the caller's.</summary>
    public static string LanePart(string lane) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lane)).AsSpan(0, 16));

    /// <summary>What every step on a lease declares.</summary>
    public static StackExchange.Redis.RedisKey[] OfStep(ResourceKey resource) =>
        [Lease(resource), Due(resource.Partition), Head(resource.Partition), Changes(resource.Partition), Held(resource.Partition, resource.Tenant), Ended(resource)];

    /// <summary>String: the first answer to an operation. Neither part may hold a bar, so that no two pairs meet.</summary>
    public static string Operation(ResourceKey resource, string id) => $"{Own(resource, "op")}|{id}";

    /// <summary>String: a credential as JSON.</summary>
    public static string Credential(string sha256) => $"{Partition(PartitionOfHash(sha256))}credential:{sha256}";

    /// <summary>Hash: the SHA-256 of each of a tenant's credentials in a partition, by its id.</summary>
    public static string Credentials(string tenant, int partition) => $"{Partition(partition)}{tenant}:credentials";

    /// <summary>Hash: the calls of each subject of a partition in the present window, by its SHA-256; <c>window</c> is which one that is.</summary>
    public static string Limits(int partition) => Partition(partition) + "limits";

    /// <summary>Sharded channel: what the scripts of an account emitted, for those that tail them.</summary>
    public static string Traces(string tenant) => $"{Partition(ResourceKey.PartitionOfLive(tenant))}{tenant}:traces";

    /// <summary>The partition of what is named by a SHA-256: its first byte. The beginning of the hash is enough.</summary>
    public static int PartitionOfHash(string sha256) => byte.Parse(sha256.AsSpan(0, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static string Own(ResourceKey resource, string room) => $"{Partition(resource.Partition)}{resource.Tenant}:{room}:{resource.Name}";

    private static string Partition(int partition) => string.Create(CultureInfo.InvariantCulture, $"lc:{{{partition:000}}}:");
}
