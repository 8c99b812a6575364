using Coordinator.Leases;

namespace Coordinator.Credentials;

/// <summary>
/// A store in front of which stand the credentials that this process was started with: they are kept nowhere else, and are valid also
/// where the store is away.
/// </summary>
internal sealed class SeededCredentialStore(ICredentialStore store, IEnumerable<Credential> seeds) : ICredentialStore
{
    private readonly Dictionary<string, Credential> _seeds = seeds.ToDictionary(credential => credential.Sha256);

    public ValueTask<Credential?> FindAsync(string sha256, CancellationToken cancellation) =>
        _seeds.TryGetValue(sha256, out var seed) ? new(seed) : store.FindAsync(sha256, cancellation);

    public ValueTask<Outcome<Credential>> AddAsync(Credential credential, CancellationToken cancellation) => store.AddAsync(credential, cancellation);

    public async ValueTask<IReadOnlyList<Credential>> ListAsync(string tenant, CancellationToken cancellation)
    {
        var kept = await store.ListAsync(tenant, cancellation).ConfigureAwait(false);
        return [.. _seeds.Values.Where(seed => seed.Tenant == tenant), .. kept.Where(credential => !_seeds.ContainsKey(credential.Sha256))];
    }

    public ValueTask<Removal> RemoveAsync(string tenant, string id, CancellationToken cancellation) =>
        _seeds.Values.Any(seed => seed.Tenant == tenant && seed.Id == id) ? new(Removal.OfTheStart) : store.RemoveAsync(tenant, id, cancellation);
}
