using Coordinator.Leases;

namespace Coordinator.Credentials;

/// <summary>Makes tokens. Whether the caller may ask for this one is not asked here.</summary>
internal sealed class CredentialIssuer(ICredentialStore store, TimeProvider time)
{
    /// <summary>Keeps a new credential and gives its token, which is known to nobody else from then on.</summary>
    public async ValueTask<Outcome<IssuedToken>> IssueAsync(
        CredentialKind kind, string tenant, string subject, string? email, IReadOnlyCollection<string> scopes, string? boundTo, CancellationToken cancellation)
    {
        var refusal = CredentialRules.Subject(subject) ?? CredentialRules.Email(email) ?? CredentialRules.Scopes(scopes)
            ?? CredentialRules.BoundTo(kind, boundTo);
        if (refusal is not null)
        {
            return refusal;
        }

        var token = Tokens.Make(kind);
        var credential = new Credential(Tokens.Sha256(token), kind, tenant, subject, email, scopes.ToHashSet(), boundTo) { CreatedAt = time.GetUtcNow() };
        return (await store.AddAsync(credential, cancellation).ConfigureAwait(false)).Try(out _, out refusal)
            ? new IssuedToken(token, credential)
            : refusal;
    }
}

/// <summary>A token in clear, on its way to whoever asked for it.</summary>
internal sealed record IssuedToken(string Token, Credential Credential)
{
    /// <summary>Never the token: what is printed may be kept.</summary>
    public override string ToString() => $"token {Credential.Id}";
}
