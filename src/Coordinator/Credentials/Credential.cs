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
/// <param name="Scopes">What it may do; <c>*</c> is everything, and <c>x:write</c> includes <c>x:read</c>.</param>
/// <param name="BoundTo">A worker id, or a prefix of one ending in <c>*</c>, or a tunnel or run; null for no bound.</param>
internal sealed record Credential(
    string Sha256, CredentialKind Kind, string Tenant, string Subject, string? Email, IReadOnlySet<string> Scopes, string? BoundTo)
{
    private const int IdLength = 16;
    private const string Read = ":read";
    private const string Write = ":write";

    /// <summary>When it was made, by the clock of the coordinator that made it: for people.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>It is gone once nobody has shown it for so long; null for one that is kept until it is revoked.</summary>
    public TimeSpan? IdleLife { get; init; }

    /// <summary>Names it without giving anything away: the first 16 characters of the hash.</summary>
    public string Id => Sha256[..IdLength];

    public bool May(string scope) =>
        Scopes.Contains("*") || Scopes.Contains(scope)
        || (scope.EndsWith(Read, StringComparison.Ordinal) && Scopes.Contains($"{scope[..^Read.Length]}{Write}"));

    /// <summary>Whether this credential may act as the worker.</summary>
    public bool MayBe(string workerId) =>
        BoundTo is null || BoundTo == workerId || (BoundTo.EndsWith('*') && workerId.StartsWith(BoundTo[..^1], StringComparison.Ordinal));

    /// <summary>Whether whatever a credential with this bound may act as, this one may too.</summary>
    public bool Covers(string? boundTo) => BoundTo is null || (boundTo is not null && MayBe(boundTo));
}
