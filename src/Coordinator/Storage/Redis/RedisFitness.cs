using Coordinator.Leases;
using StackExchange.Redis;
using System.Globalization;

namespace Coordinator.Storage.Redis;

/// <summary>
/// Whether this Redis is one that leases may be trusted to; where it is not, the reason ends with the line that mends it.
/// </summary>
internal sealed class RedisFitness : IStoreHealth
{
    private volatile string? _reason = "Redis has not been reached yet.";

    /// <inheritdoc/>
    public bool Ready => _reason is null;

    /// <inheritdoc/>
    public string? Reason => _reason;

    /// <inheritdoc/>
    public string Durability { get; private set; } = "redis-unknown";

    /// <summary>True once a cluster node has been seen: a script may then only touch one partition.</summary>
    public bool Cluster { get; private set; }

    public void ThrowIfUnfit()
    {
        if (_reason is { } reason)
        {
            throw new StoreException(StoreFailure.Unavailable, reason);
        }
    }

    /// <summary>Looks at every primary; never throws for what it finds.</summary>
    public async Task CheckAsync(IConnectionMultiplexer connection, TimeSpan timeout, TimeProvider time)
    {
        try
        {
            _reason = await RedisPatience.WithinAsync(FindFaultAsync(connection), timeout, time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception away) when (away is RedisException or TimeoutException or InvalidOperationException or TaskCanceledException)
        {
            _reason = $"Redis cannot be reached: {away.Message}";
        }
    }

    private async Task<string?> FindFaultAsync(IConnectionMultiplexer connection)
    {
        var primaries = 0;
        foreach (var server in connection.GetServers())
        {
            Cluster |= server.ServerType == ServerType.Cluster;
            if (server is not { IsConnected: true } || server.ServerType == ServerType.Sentinel)
            {
                continue;
            }

            var info = (await server.InfoAsync().ConfigureAwait(false)).SelectMany(section => section)
                .GroupBy(pair => pair.Key).ToDictionary(group => group.Key, group => group.First().Value);
            if (info.GetValueOrDefault("role") != "master")
            {
                continue;
            }

            primaries++;
            if (Fault(info) is { } fault)
            {
                return fault;
            }

            Durability = info.GetValueOrDefault("aof_enabled") == "1" ? "aof" : "redis-no-persistence";
        }

        return primaries > 0
            ? await PartitionsAsync(connection.GetDatabase()).ConfigureAwait(false)
            : "No Redis primary can be reached: leases are never kept on a replica; connect to the primary, or run REPLICAOF NO ONE there.";
    }

    private static string? Fault(Dictionary<string, string> info)
    {
        var version = info.GetValueOrDefault("redis_version", "0");
        if (!Version.TryParse(version, out var parsed) || parsed.Major < 7)
        {
            return $"Redis {version} is too old: install 7.0 or newer.";
        }

        var policy = info.GetValueOrDefault("maxmemory_policy", "noeviction");
        return policy == "noeviction"
            ? null
            : $"Redis evicts keys ({policy}), leases first: run CONFIG SET maxmemory-policy noeviction, and set it in redis.conf.";
    }

    private static async Task<string?> PartitionsAsync(IDatabase database)
    {
        var ours = string.Create(CultureInfo.InvariantCulture, $"{ResourceKey.Partitions}/{RedisKeys.Layout}");
        await database.StringSetAsync(RedisKeys.Partitions, ours, when: When.NotExists).ConfigureAwait(false);
        var theirs = (string?)await database.StringGetAsync(RedisKeys.Partitions).ConfigureAwait(false);
        return theirs == ours
            ? null
            : $"This database was made with partitions/layout {theirs}, this program has {ours}: use a database of its own (--redis HOST:PORT,defaultDatabase=1).";
    }
}
