using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using System.Text.Json;

namespace Coordinator.Tests.Services;

/// <summary>The life of a tunnel, as callers on the wire see it.</summary>
public sealed class TunnelsTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private RunningHost _host = null!;

    private V1.Tunnels.TunnelsClient Client => _host.Tunnels;

    public async Task InitializeAsync() => _host = await RunningHost.StartAsync(time: _time);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Create_WithASlug_IsActiveUnderItsHostname()
    {
        var made = await CreateAsync("my-app");
        Assert.Equal(("my-app.tunnels.localhost", 20, 60), (made.Hostname, made.HeartbeatIntervalSec, made.LeaseTimeoutSec));
        var tunnel = Assert.Single((await Client.ListAsync(new(), RunningHost.Headers)).Tunnels);
        Assert.Equal((made.TunnelId, "my-app", "active", 3_000), (tunnel.Id, tunnel.Slug, tunnel.Status, tunnel.RequestedPort));
        Assert.Equal(_time.GetUtcNow().AddSeconds(60), tunnel.Lease.ExpiresAt.ToDateTimeOffset());
        Assert.Matches("^[a-z0-9]{8}\\.tunnels\\.localhost$", (await CreateAsync()).Hostname);
    }

    [Fact] // L8: tokens are not kept, so a retry gets the same tunnel under a further token
    public async Task Create_SameOperation_IsOneTunnel()
    {
        var first = await CreateAsync("my-app", "op");
        var again = await CreateAsync("my-app", "op");
        Assert.Equal((first.TunnelId, first.Hostname), (again.TunnelId, again.Hostname));
        foreach (var token in new[] { first.TunnelRunToken, again.TunnelRunToken })
        {
            await Client.HeartbeatAsync(new() { Id = first.TunnelId }, RunningHost.Bearer(token));
        }

    }

    [Theory]
    [InlineData("My-app", "Uppercase characters are not allowed in slug.")]
    [InlineData("a.b", "Nested domains are not supported.")]
    [InlineData("-a", "Slug must match ^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$.")]
    [InlineData("", "Slug must match ^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$.")]
    [InlineData("a\n", "Slug must match ^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$.")]
    public async Task Create_WithABadSlug_SaysWhy(string slug, string message)
    {
        var refused = await Statuses.RefusedAsync(Client.CreateAsync(new() { Port = 3_000, RequestedSlug = slug }, RunningHost.Headers));
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_SLUG", message), (refused.StatusCode, refused.Reason(), refused.Status.Detail));
    }

    [Fact]
    public async Task Create_BeyondTheLimitOrUnderATakenSlug_IsRefusedAndLeavesNothing()
    {
        await CreateAsync("my-app");
        Assert.Equal("TUNNEL_SLUG_CONFLICT", await ReasonAsync(Client.CreateAsync(new() { Port = 1, RequestedSlug = "my-app" }, RunningHost.Headers)));
        for (var i = 0; i < 4; i++)
        {
            await CreateAsync();
        }

        var full = (await Statuses.RefusedAsync(Client.CreateAsync(new() { Port = 1 }, RunningHost.Headers))).Rich().Info();
        Assert.Equal(("TUNNEL_LIMIT_REACHED", "5", "5"), (full.Reason, full.Metadata["active_count"], full.Metadata["max_active"]));
        Assert.Equal(6, (await _host.Credentials.ListAsync(RunningHost.Tenant, CancellationToken.None)).Count);
        _time.Advance(TimeSpan.FromSeconds(60));
        await CreateAsync("my-app");
    }

    [Fact]
    public async Task Heartbeat_ByIdOrHostname_LastsFromNow()
    {
        var made = await CreateAsync("my-app");
        foreach (var id in new[] { made.TunnelId, made.TunnelId.ToUpperInvariant(), made.Hostname, "MY-APP.tunnels.localhost" })
        {
            _time.Advance(TimeSpan.FromSeconds(7));
            Assert.Equal(_time.GetUtcNow().AddSeconds(60), (await Client.HeartbeatAsync(new() { Id = id }, RunningHost.Headers)).ExpiresAt.ToDateTimeOffset());
        }
    }

    [Theory]
    [InlineData("", "INVALID_TUNNEL_ID")]
    [InlineData(":id", "INVALID_TUNNEL_ID")]
    [InlineData("a b", "INVALID_TUNNEL_ID")]
    [InlineData("-a.b", "INVALID_TUNNEL_ID")]
    [InlineData(" 00000000-0000-0000-0000-000000000000", "INVALID_TUNNEL_ID")]
    [InlineData("00000000-0000-0000-0000-000000000000\n", "INVALID_TUNNEL_ID")]
    [InlineData("my-app", "TUNNEL_NOT_FOUND")]
    [InlineData("other.tunnels.localhost", "TUNNEL_NOT_FOUND")]
    [InlineData("00000000-0000-0000-0000-000000000000", "TUNNEL_NOT_FOUND")]
    public async Task Heartbeat_OfWhatIsNoTunnel_SaysWhy(string id, string reason)
    {
        await CreateAsync("my-app");
        Assert.Equal(reason, await ReasonAsync(Client.HeartbeatAsync(new() { Id = id }, RunningHost.Headers)));
    }

    [Fact] // X1
    public async Task Expiry_IsAtOnce_FreesTheNames_AndIsToldToWhoCleansUp()
    {
        var made = await CreateAsync("my-app");
        var own = RunningHost.Bearer(made.TunnelRunToken);
        _time.Advance(TimeSpan.FromSeconds(60));
        foreach (var id in new[] { made.TunnelId, made.Hostname })
        {
            Assert.Equal("TUNNEL_NOT_FOUND", await ReasonAsync(Client.HeartbeatAsync(new() { Id = id }, RunningHost.Headers)));
            Assert.Equal("TUNNEL_NOT_FOUND", await ReasonAsync(Client.HeartbeatAsync(new() { Id = id }, own)));
        }

        Assert.Empty((await Client.ListAsync(new(), RunningHost.Headers)).Tunnels);
        var stopped = Assert.Single((await Client.ListAsync(new() { IncludeInactive = true }, RunningHost.Headers)).Tunnels);
        Assert.Equal(("stopped", "LEASE_EXPIRED", null), (stopped.Status, stopped.LastError, stopped.Lease));
        Assert.NotNull(stopped.StoppedAt);
        using var follow = _host.Events.Follow(new() { Resource = "tunnel:clean-up" }, RunningHost.Headers);
        var told = Assert.Single((await follow.ResponseStream.NextAsync()).Events);
        using var payload = JsonDocument.Parse(told.Payload.Memory);
        Assert.Equal(("tunnel_expired", made.TunnelId, made.Hostname, "expired"), (told.Type, payload.RootElement.GetProperty("tunnelId").GetString(),
            payload.RootElement.GetProperty("hostname").GetString(), payload.RootElement.GetProperty("reason").GetString()));
        Assert.NotEqual(made.TunnelId, (await CreateAsync("my-app")).TunnelId);
        // The token of the one that ended is told so for a week, and is not left over.
        _time.Advance(TimeSpan.FromDays(7));
        Assert.Single(await _host.Credentials.ListAsync(RunningHost.Tenant, CancellationToken.None));
    }

    [Fact]
    public async Task Delete_Again_IsNotFound()
    {
        var made = await CreateAsync("my-app");
        await Client.DeleteAsync(new() { Id = made.Hostname }, RunningHost.Headers);
        Assert.Equal("TUNNEL_NOT_FOUND", await ReasonAsync(Client.DeleteAsync(new() { Id = made.TunnelId }, RunningHost.Headers)));
        var stopped = Assert.Single((await Client.ListAsync(new() { IncludeInactive = true }, RunningHost.Headers)).Tunnels);
        Assert.Equal(("stopped", false), (stopped.Status, stopped.HasLastError));
    }

    [Fact]
    public async Task RuntimeToken_IsForItsOwnTunnelAlone()
    {
        var (one, two) = (await CreateAsync("one"), await CreateAsync("two"));
        var own = RunningHost.Bearer(one.TunnelRunToken);
        await Client.HeartbeatAsync(new() { Id = one.Hostname }, own);
        foreach (var id in new[] { two.TunnelId, two.Hostname, Guid.NewGuid().ToString(), "none.tunnels.localhost" })
        {
            var refused = await Statuses.RefusedAsync(Client.HeartbeatAsync(new() { Id = id }, own));
            Assert.Equal((StatusCode.PermissionDenied, "CREDENTIAL_NOT_BOUND"), (refused.StatusCode, refused.Reason()));
        }

        Assert.Equal("SCOPE_MISSING", await ReasonAsync(Client.DeleteAsync(new() { Id = one.TunnelId }, own)));
    }

    [Fact] // S2
    public async Task AnotherTenantsTunnel_LooksLikeAMissingOne()
    {
        var made = await CreateAsync("my-app");
        var stranger = _host.Credentials.Add("stranger", tenant: new('f', 32));
        foreach (var id in new[] { made.TunnelId, made.Hostname, Guid.NewGuid().ToString() })
        {
            Assert.Equal("TUNNEL_NOT_FOUND", await ReasonAsync(Client.HeartbeatAsync(new() { Id = id }, stranger)));
        }

        Assert.Empty((await Client.ListAsync(new() { IncludeInactive = true }, stranger)).Tunnels);
    }

    [Fact]
    public async Task AnotherUsersTunnel_LooksLikeAMissingOne_ButNotToAnAdministrator()
    {
        var user = _host.Credentials.Add("user", "tunnels:write", kind: Coordinator.Credentials.CredentialKind.User);
        var made = await Client.CreateAsync(new() { Port = 1 }, user);
        var admins = await CreateAsync("my-app");
        Assert.Equal("TUNNEL_NOT_FOUND", await ReasonAsync(Client.HeartbeatAsync(new() { Id = admins.TunnelId }, user)));
        Assert.Equal(made.TunnelId, Assert.Single((await Client.ListAsync(new(), user)).Tunnels).Id);
        Assert.Equal(2, (await Client.ListAsync(new(), RunningHost.Headers)).Tunnels.Count);
        await Client.HeartbeatAsync(new() { Id = made.TunnelId }, RunningHost.Headers);
    }

    [Fact]
    public async Task Telemetry_IsAppendedToTheTunnelsLogAsItCame()
    {
        var made = await CreateAsync("my-app");
        var request = new TunnelsRecordTelemetryRequest
        {
            Id = made.TunnelId,
            Region = "fra",
            Metrics = ByteString.CopyFromUtf8("""{"z":1.50,"a":9007199254740993}"""),
            Requests = { ByteString.CopyFromUtf8("[1, 2]") },
        };
        await Client.RecordTelemetryAsync(request, RunningHost.Bearer(made.TunnelRunToken));
        var stored = Assert.Single((await _host.Events.ReadAsync(new() { Resource = $"tunnel:{made.TunnelId}" }, RunningHost.Headers)).Events);
        Assert.Equal("""{"region":"fra","metrics":{"z":1.50,"a":9007199254740993},"requests":[[1, 2]]}""", stored.Payload.ToStringUtf8());
    }

    private static async Task<string> ReasonAsync<T>(AsyncUnaryCall<T> call) => (await Statuses.RefusedAsync(call)).Reason();

    private async Task<TunnelsCreateResponse> CreateAsync(string? slug = null, string operation = "")
    {
        var request = new TunnelsCreateRequest { Port = 3_000, OperationId = operation };
        if (slug is not null)
        {
            request.RequestedSlug = slug;
        }

        return await Client.CreateAsync(request, RunningHost.Headers);
    }
}
