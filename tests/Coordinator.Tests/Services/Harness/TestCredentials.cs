using Coordinator.Credentials;
using Coordinator.Leases;
using Coordinator.Storage.Embedded;
using Grpc.Core;

namespace Coordinator.Tests.Services.Harness;

/// <summary>Credentials that a test adds and revokes, in the in-process store.</summary>
internal sealed class TestCredentials(TimeProvider time) : ICredentialStore
{
    private readonly EmbeddedCredentialStore _store = new(time);
    private int _asked;

    /// <summary>How often the store was asked for a credential.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public void Add(Credential credential) => Assert.Null(_store.AddAsync(credential, CancellationToken.None).AsTask().Result.Refusal);

    /// <summary>A credential of the host's tenant, with a token of its own.</summary>
    public Metadata Add(
        string token, string scopes = "*", string? boundTo = null, string tenant = RunningHost.Tenant, CredentialKind kind = CredentialKind.Worker)
    {
        Add(new(Tokens.Sha256(token), kind, tenant, "test", null, scopes.Split(' ').ToHashSet(), boundTo));
        return RunningHost.Bearer(token);
    }

    public void Revoke(string token) => _ = _store.RemoveAsync(RunningHost.Tenant, Tokens.Sha256(token)[..16], CancellationToken.None).AsTask().Result;

    public ValueTask<Credential?> FindAsync(string sha256, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _asked);
        return _store.FindAsync(sha256, cancellation);
    }

    public ValueTask<Outcome<Credential>> AddAsync(Credential credential, CancellationToken cancellation) => _store.AddAsync(credential, cancellation);

    public ValueTask<IReadOnlyList<Credential>> ListAsync(string tenant, CancellationToken cancellation) => _store.ListAsync(tenant, cancellation);

    public ValueTask<Removal> RemoveAsync(string tenant, string id, CancellationToken cancellation) => _store.RemoveAsync(tenant, id, cancellation);
}
