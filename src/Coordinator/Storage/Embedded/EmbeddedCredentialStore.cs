using Coordinator.Credentials;
using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>Credentials in this process, gone with it.</summary>
internal sealed class EmbeddedCredentialStore(TimeProvider time) : ICredentialStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Kept> _bySha256 = [];
    private readonly Dictionary<(string Tenant, string Partition), Dictionary<string, Kept>> _byTenant = [];

    public ValueTask<Credential?> FindAsync(string sha256, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!_bySha256.TryGetValue(sha256, out var kept) || Idled(kept))
            {
                return default;
            }

            kept.ShownAt = time.GetTimestamp();
            return new(kept.Credential);
        }
    }

    public ValueTask<Outcome<Credential>> AddAsync(Credential credential, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var place = (credential.Tenant, Partition(credential.Id));
            var ids = _byTenant.TryGetValue(place, out var there) ? there : _byTenant[place] = [];
            if (!ids.ContainsKey(credential.Id) && ids.Count >= ICredentialStore.MostPerPartition)
            {
                foreach (var idled in ids.Values.Where(Idled).ToArray())
                {
                    Forget(idled.Credential);
                }
            }

            if (ids.TryGetValue(credential.Id, out var same) ? same.Credential.Sha256 != credential.Sha256 : ids.Count >= ICredentialStore.MostPerPartition)
            {
                return new(CredentialRefusals.Full());
            }

            _byTenant[place] = ids;
            _bySha256[credential.Sha256] = ids[credential.Id] = new() { Credential = credential, ShownAt = time.GetTimestamp() };
            return new(credential);
        }
    }

    public ValueTask<IReadOnlyList<Credential>> ListAsync(string tenant, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return new([.. _bySha256.Values.Where(kept => kept.Credential.Tenant == tenant && !Idled(kept)).Select(kept => kept.Credential)]);
        }
    }

    public ValueTask<Removal> RemoveAsync(string tenant, string id, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!_byTenant.TryGetValue((tenant, Partition(id)), out var ids) || !ids.TryGetValue(id, out var kept))
            {
                return new(Removal.Unknown);
            }

            var idled = Idled(kept);
            Forget(kept.Credential);
            return new(idled ? Removal.Unknown : Removal.Removed);
        }
    }

    private void Forget(Credential credential)
    {
        var place = (credential.Tenant, Partition(credential.Id));
        _bySha256.Remove(credential.Sha256);
        _byTenant[place].Remove(credential.Id);
        if (_byTenant[place].Count == 0)
        {
            _byTenant.Remove(place);
        }
    }

    private bool Idled(Kept kept) => kept.Credential.IdleLife is { } life && time.GetElapsedTime(kept.ShownAt) >= life;

    private static string Partition(string id) => id[..2];

    /// <summary>A credential, and when it was last shown.</summary>
    private sealed class Kept
    {
        public required Credential Credential { get; init; }

        public required long ShownAt { get; set; }
    }
}
