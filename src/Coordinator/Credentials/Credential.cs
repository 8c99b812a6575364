namespace Coordinator.Credentials;

/// <summary>What a credential is for.</summary>
internal enum CredentialKind
{
    User,
    Worker,
    Runtime,
    Gateway,
    Admin,
}

/// <summary>Who a token belongs to and what it may do. The token itself is known to nobody: only its SHA-256.</summary>
/// <param name="Sha256">Of the whole token, lower-case hex.</param>
/// <param name="Tenant">The account: 32 hex characters.</param>
/// <param name="Subject">The person or program, unique in the tenant.</param>
/// <param name="Scopes">What it may do; <c>*</c> is everything.</param>
/// <param name="BoundTo">A worker id, or a prefix of one ending in <c>*</c>; null for no bound.</param>
internal sealed record Credential(
    string Sha256, CredentialKind Kind, string Tenant, string Subject, string? Email, IReadOnlySet<string> Scopes, string? BoundTo)
{
    public bool May(string scope) => Scopes.Contains("*") || Scopes.Contains(scope);

    /// <summary>Whether this credential may act as the worker.</summary>
    public bool MayBe(string workerId) =>
        BoundTo is null || BoundTo == workerId || (BoundTo.EndsWith('*') && workerId.StartsWith(BoundTo[..^1], StringComparison.Ordinal));
}

/// <summary>Where credentials are kept.</summary>
internal interface ICredentialStore
{
    /// <summary>The credential whose token has this SHA-256 (lower-case hex), or null.</summary>
    ValueTask<Credential?> FindAsync(string sha256, CancellationToken cancellation);
}

/// <summary>Credentials in this process, seeded at each start.</summary>
internal sealed class EmbeddedCredentialStore(IEnumerable<Credential> seeds) : ICredentialStore
{
    private readonly Dictionary<string, Credential> _bySha256 = seeds.ToDictionary(credential => credential.Sha256);

    public ValueTask<Credential?> FindAsync(string sha256, CancellationToken cancellation) => new(_bySha256.GetValueOrDefault(sha256));
}
