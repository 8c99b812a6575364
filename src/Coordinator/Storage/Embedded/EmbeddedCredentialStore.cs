using Coordinator.Credentials;
using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>Credentials in this process, gone with it.</summary>
internal sealed class EmbeddedCredentialStore(TimeProvider time) : ICredentialStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Credential> _bySha256 = [];
    private readonly Dictionary<string, DateTimeOffset> _ends = [];
    private readonly Dictionary<(string Tenant, string Partition), Dictionary<string, Credential>> _byTenant = [];

    public ValueTask<Credential?> FindAsync(string sha256, CancellationToken cancellation)
    {
        lock (_gate)
        {
            Prune();
            return new(_bySha256.GetValueOrDefault(sha256));
        }
    }

    public ValueTask<Outcome<Credential>> AddAsync(Credential credential, CancellationToken cancellation)
    {
        lock (_gate)
        {
            Prune();
            var place = (credential.Tenant, Partition(credential.Id));
            var ids = _byTenant.TryGetValue(place, out var kept) ? kept : _byTenant[place] = [];
            if (ids.TryGetValue(credential.Id, out var same) ? same.Sha256 != credential.Sha256 : ids.Count >= ICredentialStore.MostPerPartition)
            {
                return new(CredentialRefusals.Full());
            }

            _bySha256[credential.Sha256] = ids[credential.Id] = credential;
            return new(credential);
        }
    }

    public ValueTask<IReadOnlyList<Credential>> ListAsync(string tenant, CancellationToken cancellation)
    {
        lock (_gate)
        {
            Prune();
            return new([.. _bySha256.Values.Where(credential => credential.Tenant == tenant)]);
        }
    }

    public ValueTask<Removal> RemoveAsync(string tenant, string id, CancellationToken cancellation)
    {
        lock (_gate)
        {
            Prune();
            return new(Find(tenant, id) is { } credential && Remove(credential) ? Removal.Removed : Removal.Unknown);
        }
    }

    public ValueTask ExpireAsync(string tenant, string id, TimeSpan after, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var at = time.GetUtcNow() + after;
            if (Find(tenant, id) is { Sha256: var sha256 } && (!_ends.TryGetValue(sha256, out var ends) || ends > at))
            {
                _ends[sha256] = at;
            }

            return ValueTask.CompletedTask;
        }
    }

    private Credential? Find(string tenant, string id) =>
        _byTenant.TryGetValue((tenant, Partition(id)), out var ids) ? ids.GetValueOrDefault(id) : null;

    private bool Remove(Credential credential)
    {
        _ends.Remove(credential.Sha256);
        var place = (credential.Tenant, Partition(credential.Id));
        _byTenant[place].Remove(credential.Id);
        if (_byTenant[place].Count == 0)
        {
            _byTenant.Remove(place);
        }

        return _bySha256.Remove(credential.Sha256);
    }

    private void Prune()
    {
        var now = time.GetUtcNow();
        foreach (var (sha256, at) in _ends.Where(end => end.Value <= now).ToArray())
        {
            Remove(_bySha256[sha256]);
        }
    }

    private static string Partition(string id) => id[..2];
}
