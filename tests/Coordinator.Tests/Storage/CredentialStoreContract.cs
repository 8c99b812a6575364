using Coordinator.Credentials;
using Coordinator.Leases;
using StackExchange.Redis;
using System.Text;

namespace Coordinator.Tests.Storage;

/// <summary>What every store must do with credentials; each store inherits it.</summary>
public abstract class CredentialStoreContract : IAsyncLifetime
{
    private const string Tenant = "0123456789abcdef0123456789abcdef";
    private const string OtherTenant = "ffffffffffffffffffffffffffffffff";
    private static readonly CancellationToken None = CancellationToken.None;

    private protected StoreHarness Store { get; private set; } = null!;

    private protected abstract Task<StoreHarness> StartAsync();

    public async Task InitializeAsync() => Store = await StartAsync();

    public async Task DisposeAsync() => await Store.DisposeAsync();

    [Fact]
    public async Task Find_Added_HasAllFields()
    {
        var full = Make("full") with
        {
            Kind = CredentialKind.Runtime,
            Email = "a@example.org",
            BoundTo = "eu-*",
            CreatedAt = new(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero),
            IdleLife = TimeSpan.FromMinutes(2.5),
        };
        foreach (var credential in new[] { full, Make("least") })
        {
            await AddAsync(credential);
            var found = await Store.Credentials.FindAsync(credential.Sha256, None);
            Assert.NotNull(found);
            Assert.Equal(credential.Scopes.Order(), found.Scopes.Order());
            Assert.Equal(credential, found with { Scopes = credential.Scopes });
        }
    }

    [Fact]
    public async Task Find_NeverAdded_IsNull() => Assert.Null(await Store.Credentials.FindAsync(Tokens.Sha256("none"), None));

    [Fact]
    public async Task Add_TheSameAgain_ChangesNothing()
    {
        await AddAsync(Make("a"));
        await AddAsync(Make("a"));
        Assert.Single(await Store.Credentials.ListAsync(Tenant, None));
    }

    [Fact] // S2
    public async Task List_OfATenant_HasItsOwnAndNoOthers()
    {
        var own = Enumerable.Range(0, 40).Select(i => Make($"own {i}")).ToArray();
        foreach (var credential in own.Append(Make("foreign", OtherTenant)))
        {
            await AddAsync(credential);
        }

        var listed = await Store.Credentials.ListAsync(Tenant, None);
        Assert.Equal(own.Select(credential => credential.Sha256).Order(), listed.Select(credential => credential.Sha256).Order());
        Assert.All(listed, credential => Assert.Equal(Tenant, credential.Tenant));
    }

    [Fact] // S4
    public async Task Remove_ByItsId_IsNeitherFoundNorListed()
    {
        var (gone, stays) = (Make("gone"), Make("stays"));
        await AddAsync(gone);
        await AddAsync(stays);
        Assert.Equal(Removal.Removed, await Store.Credentials.RemoveAsync(Tenant, gone.Id, None));
        Assert.Null(await Store.Credentials.FindAsync(gone.Sha256, None));
        Assert.Equal(stays.Sha256, Assert.Single(await Store.Credentials.ListAsync(Tenant, None)).Sha256);
        Assert.Equal(Removal.Unknown, await Store.Credentials.RemoveAsync(Tenant, gone.Id, None));
    }

    [Fact] // S2
    public async Task Remove_OfAnotherTenant_IsUnknownAndChangesNothing()
    {
        var credential = Make("a");
        await AddAsync(credential);
        Assert.Equal(Removal.Unknown, await Store.Credentials.RemoveAsync(OtherTenant, credential.Id, None));
        Assert.NotNull(await Store.Credentials.FindAsync(credential.Sha256, None));
    }

    [Fact]
    public async Task Add_BeyondTheBound_IsRefusedUntilOneIsRemoved()
    {
        // Hashes of one partition.
        Credential Crowded(int i) => Make("a") with { Sha256 = $"00{i:x14}{new string('0', 48)}" };
        foreach (var i in Enumerable.Range(0, ICredentialStore.MostPerPartition))
        {
            await AddAsync(Crowded(i));
        }

        var beyond = Crowded(ICredentialStore.MostPerPartition);
        Assert.Equal(RefusalKind.LimitExceeded, (await Store.Credentials.AddAsync(beyond, None)).Refusal?.Kind);
        Assert.Null(await Store.Credentials.FindAsync(beyond.Sha256, None));
        await AddAsync(Crowded(0));
        await AddAsync(Crowded(ICredentialStore.MostPerPartition + 1) with { Tenant = OtherTenant });
        await Store.Credentials.RemoveAsync(Tenant, Crowded(7).Id, None);
        await AddAsync(beyond);
    }

    [Fact]
    public async Task Find_WithAnIdleLife_ProlongsItAndNothingElseDoes()
    {
        var (life, most) = (TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(2));
        var idle = Make("idle") with { IdleLife = life };
        await AddAsync(idle);
        await AddAsync(Make("kept"));
        foreach (var _ in Enumerable.Range(0, 2))
        {
            await Store.AdvanceAsync(most);
            Assert.NotNull(await Store.Credentials.FindAsync(idle.Sha256, None));
        }

        await Store.AdvanceAsync(most);
        Assert.Equal(2, (await Store.Credentials.ListAsync(Tenant, None)).Count);
        await Store.AdvanceAsync(life - most + TimeSpan.FromMilliseconds(100));
        Assert.Null(await Store.Credentials.FindAsync(idle.Sha256, None));
        Assert.Equal(Make("kept").Sha256, Assert.Single(await Store.Credentials.ListAsync(Tenant, None)).Sha256);
        Assert.Equal(Removal.Unknown, await Store.Credentials.RemoveAsync(Tenant, idle.Id, None));
    }

    [Fact] // as many tunnels as there are in time, and only those that live now count
    public async Task Add_WhereOthersIdledAway_TakesTheirPlaces()
    {
        Credential Crowded(int i) => Make("a") with { Sha256 = $"00{i:x14}{new string('0', 48)}" };
        foreach (var i in Enumerable.Range(0, ICredentialStore.MostPerPartition))
        {
            await AddAsync(i == 0 ? Crowded(i) : Crowded(i) with { IdleLife = TimeSpan.FromMilliseconds(100) });
        }

        await Store.AdvanceAsync(TimeSpan.FromMilliseconds(200));
        await AddAsync(Crowded(1_000));
        Assert.Equal(
            new[] { Crowded(0).Sha256, Crowded(1_000).Sha256 },
            (await Store.Credentials.ListAsync(Tenant, None)).Select(credential => credential.Sha256).Order(StringComparer.Ordinal));
    }

    private async Task AddAsync(Credential credential) => Assert.Null((await Store.Credentials.AddAsync(credential, None)).Refusal);

    private static Credential Make(string token, string tenant = Tenant) =>
        new(Tokens.Sha256(token), CredentialKind.User, tenant, "alice", null, new HashSet<string> { "runs:write", "leases:read" }, null);
}

/// <summary>The contract on the in-process store.</summary>
public sealed class EmbeddedCredentialStoreTests : CredentialStoreContract
{
    private protected override Task<StoreHarness> StartAsync() => Task.FromResult<StoreHarness>(new EmbeddedHarness());
}

/// <summary>The contract on a real Redis, and what only Redis has.</summary>
public sealed class RedisCredentialStoreTests : CredentialStoreContract
{
    private protected override async Task<StoreHarness> StartAsync() => await RedisHarness.StartAsync();

    [Fact] // S3: hashes only
    public async Task Redis_AfterIssuing_HoldsNoToken()
    {
        var issued = await new CredentialIssuer(Store.Credentials, TimeProvider.System)
            .IssueAsync(CredentialKind.User, "0123456789abcdef0123456789abcdef", "alice", null, ["*"], null, CancellationToken.None);
        Assert.True(issued.Try(out var token, out _));
        Assert.NotNull(await Store.Credentials.FindAsync(token.Credential.Sha256, CancellationToken.None));
        await using var connection = await ConnectionMultiplexer.ConnectAsync(((RedisHarness)Store).Server.Configuration);
        var stored = new List<string>();
        await foreach (var key in connection.GetServers().Single().KeysAsync())
        {
            var dump = await connection.GetDatabase().KeyDumpAsync(key);
            stored.Add($"{key} {Encoding.ASCII.GetString(dump!)}");
        }

        Assert.Contains(stored, line => line.Contains(token.Credential.Sha256[16..], StringComparison.Ordinal));
        Assert.DoesNotContain(stored, line => line.Contains(token.Token.Split('_')[2][..16], StringComparison.Ordinal));
    }
}
