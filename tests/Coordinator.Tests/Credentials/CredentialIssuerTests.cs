using Coordinator.Credentials;
using Coordinator.Leases;
using Coordinator.Storage.Embedded;
using Coordinator.Testing;

namespace Coordinator.Tests.Credentials;

/// <summary>Tokens that rooms make for their own things.</summary>
public sealed class CredentialIssuerTests
{
    private const string Tenant = "0123456789abcdef0123456789abcdef";
    private const string Worker = "wrk_01h455vb4pex5vsknk084sn02q";
    private static readonly TimeSpan IdleLife = TimeSpan.FromHours(1);
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly ManualTime _time = new();
    private readonly EmbeddedCredentialStore _store;

    public CredentialIssuerTests() => _store = new(_time);

    private CredentialIssuer Issuer => new(_store, _time);

    [Theory]
    [InlineData("worker", "activity", Worker)]
    [InlineData("runtime", "tunnels:heartbeat", "01890a5d-ac96-774b-bcce-b302099a8057")]
    public async Task IssueBound_ForAThing_OpensItAlone(string kind, string scope, string id)
    {
        var issued = await IssueAsync(CredentialRules.Kind(kind)!.Value, scope, id, null);
        var found = await new CredentialLookup(_store, _time).FindAsync(issued.Token, None);
        Assert.NotNull(found);
        Assert.Equal((Tenant, id, id, _time.GetUtcNow()), (found.Tenant, found.Subject, found.BoundTo, found.CreatedAt));
        Assert.True(found.May(scope));
        Assert.True(found.MayBe(id));
        Assert.False(found.MayBe($"{id}x"));
        Assert.False(found.May("workers:write") || found.May("tunnels:write") || found.May("tunnels:read") || found.May("*"));
    }

    [Fact]
    public async Task IssueBound_ForAUser_StandsForHim() =>
        Assert.Equal("alice", (await IssueAsync(CredentialKind.Runtime, "tunnels:heartbeat", "t", "alice")).Credential.Subject);

    [Fact] // twice for the same thing: two tokens, each with an id of its own
    public async Task Revoke_ById_IsOfThatTokenAlone()
    {
        var (one, other) = (await IssueAsync(CredentialKind.Worker, "activity", Worker, null), await IssueAsync(CredentialKind.Worker, "activity", Worker, null));
        await Issuer.RevokeAsync("ffffffffffffffffffffffffffffffff", one.Credential.Id, None);
        await Issuer.RevokeAsync(Tenant, one.Credential.Id, None);
        await Issuer.RevokeAsync(Tenant, one.Credential.Id, None);
        Assert.Equal(other.Credential.Id, Assert.Single(await _store.ListAsync(Tenant, None)).Id);
        Assert.Null(await _store.FindAsync(one.Credential.Sha256, None));
    }

    [Fact] // a tunnel that is kept keeps its token, and one that is not leaves nothing behind
    public async Task IssueBound_WithAnIdleLife_IsGoneOnceNobodyShowsIt()
    {
        var lookup = new CredentialLookup(_store, _time);
        var issued = await IssueAsync(CredentialKind.Runtime, "tunnels:heartbeat", "t", null, IdleLife);
        for (var beat = 0; beat < 1_000; beat++)
        {
            _time.Advance(TimeSpan.FromSeconds(20));
            Assert.NotNull(await lookup.FindAsync(issued.Token, None));
        }

        _time.Advance(IdleLife);
        Assert.Null(await lookup.FindAsync(issued.Token, None));
        Assert.Empty(await _store.ListAsync(Tenant, None));
    }

    [Fact]
    public async Task IssueBound_WithoutAThing_IsRefused()
    {
        var outcome = await Issuer.IssueBoundAsync(CredentialKind.Runtime, Tenant, "tunnels:heartbeat", "", "alice", null, None);
        Assert.Equal((RefusalKind.InvalidField, "bound_to"), (outcome.Refusal?.Kind, outcome.Refusal?.Field));
        Assert.Empty(await _store.ListAsync(Tenant, None));
    }

    [Fact] // S3
    public async Task IssuedToken_Printed_IsItsIdAlone()
    {
        var issued = await IssueAsync(CredentialKind.Worker, "activity", Worker, null);
        Assert.Equal($"token {issued.Credential.Id}", $"{issued}");
    }

    private async Task<IssuedToken> IssueAsync(CredentialKind kind, string scope, string boundTo, string? subject, TimeSpan? idleLife = null)
    {
        var outcome = await Issuer.IssueBoundAsync(kind, Tenant, scope, boundTo, subject, idleLife, None);
        Assert.True(outcome.Try(out var issued, out var refusal), refusal?.Message);
        return issued;
    }
}
