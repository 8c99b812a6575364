using Coordinator.Leases;

namespace Coordinator.Credentials;

/// <summary>
/// Makes tokens, and takes them back. Whether the caller may ask for this one is not asked here: <c>Access/CreateToken</c> asks, and a
/// room that gives its own things a token (a worker for its activity, a tunnel for its heartbeat) need not.
/// </summary>
/// <remarks>
/// A room calls <see cref="IssueBoundAsync"/> before it keeps the thing that the token is for, keeps <see cref="Credential.Id"/> with
/// it, and calls <see cref="RevokeAsync"/> with that id when the thing is gone, or was not kept after all. What a crash leaves over in
/// between is bound to something that does not exist, and opens nothing. A thing that ends without anybody's call, as a tunnel that is
/// not kept does, gets a token with an idle life, so that none are left over.
/// </remarks>
internal sealed class CredentialIssuer(ICredentialStore store, TimeProvider time)
{
    /// <summary>Keeps a new credential and gives its token, once: it is known to nobody else from then on, and cannot be asked for again.</summary>
    /// <param name="subject">The person or program, 1 to 128 characters; several credentials may have the same.</param>
    public ValueTask<Outcome<IssuedToken>> IssueAsync(
        CredentialKind kind, string tenant, string subject, string? email, IReadOnlyCollection<string> scopes, string? boundTo, CancellationToken cancellation) =>
        IssueAsync(kind, tenant, subject, email, scopes, boundTo, null, cancellation);

    /// <summary>
    /// A credential with one scope for one thing: <c>activity</c> of a worker (<see cref="CredentialKind.Worker"/>),
    /// <c>tunnels:heartbeat</c> of a tunnel (<see cref="CredentialKind.Runtime"/>).
    /// </summary>
    /// <param name="boundTo">The id of the worker or tunnel, which <see cref="Credential.BoundTo"/> then is.</param>
    /// <param name="subject">Whom it stands for; null for the thing itself.</param>
    /// <param name="idleLife">How long it may go unused before it is gone; null for ever.</param>
    public ValueTask<Outcome<IssuedToken>> IssueBoundAsync(
        CredentialKind kind, string tenant, string scope, string boundTo, string? subject, TimeSpan? idleLife, CancellationToken cancellation) =>
        IssueAsync(kind, tenant, subject ?? boundTo, null, [scope], boundTo, idleLife, cancellation);

    /// <summary>Takes a token back; what it opens stops within 5 s. One that is gone already is no fault.</summary>
    /// <param name="id">Its <see cref="Credential.Id"/>.</param>
    public async ValueTask RevokeAsync(string tenant, string id, CancellationToken cancellation) =>
        await store.RemoveAsync(tenant, id, cancellation).ConfigureAwait(false);

    private async ValueTask<Outcome<IssuedToken>> IssueAsync(
        CredentialKind kind, string tenant, string subject, string? email, IReadOnlyCollection<string> scopes, string? boundTo, TimeSpan? idleLife,
        CancellationToken cancellation)
    {
        var refusal = CredentialRules.Subject(subject) ?? CredentialRules.Email(email) ?? CredentialRules.Scopes(scopes)
            ?? CredentialRules.BoundTo(kind, boundTo);
        if (refusal is not null)
        {
            return refusal;
        }

        var token = Tokens.Make(kind);
        var credential = new Credential(Tokens.Sha256(token), kind, tenant, subject, email, scopes.ToHashSet(), boundTo)
        {
            CreatedAt = time.GetUtcNow(),
            IdleLife = idleLife,
        };
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
