using Coordinator.Credentials;
using Coordinator.Leases;
using StackExchange.Redis;
using System.Globalization;

namespace Coordinator.Storage.Redis;

/// <summary>
/// Credentials in Redis. A credential's partition is the first byte of its hash, so that its record and its place in the tenant's index
/// share a Cluster slot, and an id alone leads there; a list asks all partitions.
/// </summary>
internal sealed class RedisCredentialStore(IConnectionMultiplexer connection, RedisCaller caller, RedisScripts scripts) : ICredentialStore
{
    private readonly IDatabase _database = connection.GetDatabase();

    public async ValueTask<Credential?> FindAsync(string sha256, CancellationToken cancellation)
    {
        RedisKey key = RedisKeys.Credential(sha256);
        var record = await caller.AskAsync(() => _database.StringGetAsync(key), cancellation).ConfigureAwait(false);
        if (record.IsNull)
        {
            return null;
        }

        var credential = RedisCredentialRecord.Read((string)record!);
        if (credential.IdleLife is { } life)
        {
            await caller.AskAsync(() => _database.KeyExpireAsync(key, life), cancellation).ConfigureAwait(false);
        }

        return credential;
    }

    public async ValueTask<Outcome<Credential>> AddAsync(Credential credential, CancellationToken cancellation)
    {
        RedisKey[] keys = [RedisKeys.Credentials(credential.Tenant, RedisKeys.PartitionOfHash(credential.Sha256)), RedisKeys.Credential(credential.Sha256)];
        var most = ICredentialStore.MostPerPartition.ToString(CultureInfo.InvariantCulture);
        var idle = credential.IdleLife?.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) ?? "";
        var reply = await caller.RunAsync(
            scripts.CredentialAdd, keys, [default, credential.Id, credential.Sha256, RedisCredentialRecord.Write(credential), most, idle], cancellation)
            .ConfigureAwait(false);
        return RedisReplies.Text(reply[0]) == "ok" ? credential : CredentialRefusals.Full();
    }

    public async ValueTask<IReadOnlyList<Credential>> ListAsync(string tenant, CancellationToken cancellation)
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, ResourceKey.Partitions).Select(partition =>
            caller.RunAsync(scripts.CredentialList, [RedisKeys.Credentials(tenant, partition)], [default], cancellation).AsTask())).ConfigureAwait(false);
        return [.. replies.SelectMany(reply => reply.Skip(2)).Select(record => RedisCredentialRecord.Read(RedisReplies.Text(record)))];
    }

    public async ValueTask<Removal> RemoveAsync(string tenant, string id, CancellationToken cancellation)
    {
        RedisKey index = RedisKeys.Credentials(tenant, RedisKeys.PartitionOfHash(id));
        var reply = await caller.RunAsync(scripts.CredentialRemove, [index], [default, id], cancellation).ConfigureAwait(false);
        return RedisReplies.Text(reply[0]) == "ok" ? Removal.Removed : Removal.Unknown;
    }
}
