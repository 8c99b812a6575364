using Coordinator.Credentials;
using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>Credentials in this process, gone with it.</summary>
internal sealed class EmbeddedCredentialStore : ICredentialStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Credential> _bySha256 = [];
    private readonly Dictionary<(string Tenant, string Partition), Dictionary<string, Credential>> _byTenant = [];

    public ValueTask<Credential?> FindAsync(string sha256, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return new(_bySha256.GetValueOrDefault(sha256));
        }
    }

    public ValueTask<Outcome<Credential>> AddAsync(Credential credential, CancellationToken cancellation)
    {
        lock (_gate)
        {
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
            return new([.. _bySha256.Values.Where(credential => credential.Tenant == tenant)]);
        }
    }

    public ValueTask<Removal> RemoveAsync(string tenant, string id, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!_byTenant.TryGetValue((tenant, Partition(id)), out var ids) || !ids.Remove(id, out var credential))
            {
                return new(Removal.Unknown);
            }

            _bySha256.Remove(credential.Sha256);
            if (ids.Count == 0)
            {
                _byTenant.Remove((tenant, Partition(id)));
            }

            return new(Removal.Removed);
        }
    }

    private static string Partition(string id) => id[..2];
}
