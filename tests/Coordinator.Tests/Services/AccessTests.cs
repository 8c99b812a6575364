using Coordinator.Credentials;
using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Tests.Services;

/// <summary>Tokens as operators make, list and revoke them.</summary>
public sealed class AccessTests
{
    private static readonly TimeSpan Within5Seconds = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task CreateToken_ThenItsToken_MayWhatItsScopesSay()
    {
        await using var host = await RunningHost.StartAsync();
        var request = new AccessCreateTokenRequest { Kind = "worker", Subject = "fleet", Email = "a@example.org", Scopes = { "leases:write" }, BoundTo = "eu-*" };
        var created = await host.Access.CreateTokenAsync(request, RunningHost.Headers);
        Assert.Matches("^lck_worker_[0-9a-f]{48}_[0-9a-f]{6}$", created.Token);
        Assert.Equal(Tokens.Sha256(created.Token)[..16], created.Info.Id);
        Assert.Equal(("worker", "fleet", "a@example.org", "eu-*"), (created.Info.Kind, created.Info.Subject, created.Info.Email, created.Info.BoundTo));
        Assert.Equal(["leases:write"], created.Info.Scopes);
        Assert.InRange(TimeProvider.System.GetUtcNow() - created.Info.CreatedAt.ToDateTimeOffset(), TimeSpan.Zero, TimeSpan.FromMinutes(1));

        var headers = RunningHost.Bearer(created.Token);
        await host.AcquireAsync(headers, "a", "eu-1");
        await host.Leases.GetAsync(new() { Resource = "a" }, headers);
        Assert.Equal("HOLDER_NOT_ALLOWED", (await Assert.ThrowsAsync<RpcException>(() => host.AcquireAsync(headers, "b", "us-1"))).Reason());
        Assert.Equal("SCOPE_MISSING", (await Statuses.RefusedAsync(host.Access.ListTokensAsync(new(), headers))).Reason());
    }

    public static TheoryData<string, string, string, string, string, string> Malformed => new()
    {
        { "kind", "", "alice", "", "runs:write", "" },
        { "kind", "User", "alice", "", "runs:write", "" },
        { "subject", "user", "", "", "runs:write", "" },
        { "subject", "user", "a b", "", "runs:write", "" },
        { "subject", "user", "line\nbreak", "", "runs:write", "" },
        { "subject", "user", new string('x', 129), "", "runs:write", "" },
        { "email", "user", "alice", "nobody", "runs:write", "" },
        { "email", "user", "alice", $"{new string('x', 200)}@x", "runs:write", "" },
        { "scopes", "user", "alice", "", "", "" },
        { "scopes", "user", "alice", "", "Runs:Write", "" },
        { "scopes", "user", "alice", "", "a:b:c", "" },
        { "scopes", "user", "alice", "", string.Join(' ', Enumerable.Range(0, 33).Select(i => $"s{i}")), "" },
        { "bound_to", "worker", "alice", "", "runs:write", "a*b" },
        { "bound_to", "runtime", "alice", "", "runs:write", "" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task CreateToken_Malformed_NamesTheField(string field, string kind, string subject, string email, string scopes, string boundTo)
    {
        await using var host = await RunningHost.StartAsync();
        var request = new AccessCreateTokenRequest { Kind = kind, Subject = subject, Email = email, BoundTo = boundTo };
        request.Scopes.Add(scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var refused = await Statuses.RefusedAsync(host.Access.CreateTokenAsync(request, RunningHost.Headers));
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_FIELD"), (refused.StatusCode, refused.Reason()));
        Assert.Equal(field, Assert.Single(refused.Rich().Find<BadRequest>()!.FieldViolations).Field);
    }

    [Theory] // nobody hands on more than he has
    [InlineData("tokens:write", null, "user", "runs:write", "", "SCOPE_NOT_HELD")]
    [InlineData("tokens:write", null, "user", "*", "", "SCOPE_NOT_HELD")]
    [InlineData("tokens:write runs:read", null, "user", "runs:write", "", "SCOPE_NOT_HELD")]
    [InlineData("*", null, "gateway", "tokens:read", "", "KIND_NOT_ALLOWED")]
    [InlineData("*", null, "admin", "*", "", "KIND_NOT_ALLOWED")]
    [InlineData("*", "eu-*", "worker", "runs:write", "", "BOUND_NOT_HELD")]
    [InlineData("*", "eu-*", "worker", "runs:write", "us-1", "BOUND_NOT_HELD")]
    [InlineData("*", "eu-*", "worker", "runs:write", "e*", "BOUND_NOT_HELD")]
    [InlineData("tokens:read", null, "user", "tokens:read", "", "SCOPE_MISSING")]
    [InlineData("tokens:write", null, "user", "tokens:read", "", "")]
    [InlineData("*", "eu-*", "worker", "runs:write", "eu-a-*", "")]
    public async Task CreateToken_BeyondTheCallersOwn_IsRefused(string scopes, string? boundTo, string kind, string asked, string askedBound, string reason)
    {
        await using var host = await RunningHost.StartAsync();
        var caller = host.Credentials.Add("caller", scopes, boundTo, kind: CredentialKind.User);
        var call = host.Access.CreateTokenAsync(new() { Kind = kind, Subject = "s", Scopes = { asked }, BoundTo = askedBound }, caller);
        if (reason.Length == 0)
        {
            Assert.NotEmpty((await call).Token);
        }
        else
        {
            var refused = await Statuses.RefusedAsync(call);
            Assert.Equal((StatusCode.PermissionDenied, reason), (refused.StatusCode, refused.Reason()));
        }
    }

    [Fact] // S2
    public async Task ListAndRevoke_OfAnotherTenant_ShowAndChangeNothing()
    {
        await using var host = await RunningHost.StartAsync();
        var own = await CreateAsync(host, "alice");
        var other = host.Credentials.Add("other", tenant: "ffffffffffffffffffffffffffffffff");
        Assert.Equal(["test"], (await host.Access.ListTokensAsync(new(), other)).Tokens.Select(token => token.Subject));
        var missing = await Statuses.RefusedAsync(host.Access.RevokeTokenAsync(new() { Id = "0000000000000000" }, other));
        var foreign = await Statuses.RefusedAsync(host.Access.RevokeTokenAsync(new() { Id = own.Info.Id }, other));
        Assert.Equal((StatusCode.NotFound, "TOKEN_NOT_FOUND"), (foreign.StatusCode, foreign.Reason()));
        Assert.Equal(missing.Status.Detail.Replace("0000000000000000", own.Info.Id, StringComparison.Ordinal), foreign.Status.Detail);
        await host.Leases.ListAsync(new(), RunningHost.Bearer(own.Token));
    }

    [Fact]
    public async Task ListTokens_OfManySubjects_IsInTheirOrder()
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var subject in new[] { "zoe", "bob", "Alice", "bob" })
        {
            await CreateAsync(host, subject);
        }

        var listed = (await host.Access.ListTokensAsync(new(), RunningHost.Headers)).Tokens;
        Assert.Equal(["Alice", "admin", "bob", "bob", "zoe"], listed.Select(token => token.Subject));
        Assert.All(listed, token => Assert.Equal(16, token.Id.Length));
    }

    [Fact]
    public async Task RevokeToken_MalformedId_IsInvalidArgument()
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var id in new[] { "", "0123", "0123456789ABCDEF", "{123456789abcdef}", new string('a', 64) })
        {
            var refused = await Statuses.RefusedAsync(host.Access.RevokeTokenAsync(new() { Id = id }, RunningHost.Headers));
            Assert.Equal((id, StatusCode.InvalidArgument, "INVALID_FIELD"), (id, refused.StatusCode, refused.Reason()));
        }
    }

    [Fact] // S4
    public async Task RevokeToken_WithOpenStreams_EndsThemAndNewCallsWithin5Seconds()
    {
        await using var host = await RunningHost.StartAsync();
        var created = await CreateAsync(host, "soon gone");
        var headers = RunningHost.Bearer(created.Token);
        using var session = host.Sessions.Connect(headers);
        await session.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = "w" } });
        Assert.NotNull((await session.ResponseStream.NextAsync()).Welcome);
        using var watch = host.Leases.Watch(new(), headers);
        await watch.ResponseStream.NextAsync();
        using var follow = host.Events.Follow(new() { Resource = "a" }, headers);
        await host.AppendAsync(await host.AcquireAsync("a"), 1, new Event { Type = "t" });
        await follow.ResponseStream.NextAsync();

        await host.Access.RevokeTokenAsync(new() { Id = created.Info.Id }, RunningHost.Headers);
        var ends = await Task.WhenAll(
            Statuses.RefusedAsync(session.ResponseStream), Statuses.RefusedAsync(watch.ResponseStream), Statuses.RefusedAsync(follow.ResponseStream))
            .WaitAsync(Within5Seconds);
        Assert.All(ends, end => Assert.Equal((StatusCode.Unauthenticated, "CREDENTIAL_REVOKED"), (end.StatusCode, end.Reason())));
        var refused = await Statuses.RefusedAsync(host.Leases.ListAsync(new(), headers));
        Assert.Equal((StatusCode.Unauthenticated, "CREDENTIAL_UNKNOWN"), (refused.StatusCode, refused.Reason()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/coordinator.v1.Leases/Unknown")]
    [InlineData("/coordinator.v1.leases/Get")]
    [InlineData("/coordinator.v1.Access/Check")]
    public async Task Check_OfNoMethod_IsInvalidArgument(string method)
    {
        await using var host = await RunningHost.StartAsync();
        var refused = await Statuses.RefusedAsync(host.Access.CheckAsync(new() { Method = method }, RunningHost.Headers));
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_FIELD"), (refused.StatusCode, refused.Reason()));
    }

    [Fact] // who calls, and not what he may
    public async Task Check_OfAMethod_JudgesTheCredentialAndNotItsScopes()
    {
        await using var host = await RunningHost.StartAsync();
        var request = new AccessCheckRequest { Method = "/coordinator.v1.Leases/Revoke" };
        await host.Access.CheckAsync(request, host.Credentials.Add("scopeless", "nothing"));
        Assert.Equal("CREDENTIAL_MISSING", (await Statuses.RefusedAsync(host.Access.CheckAsync(request))).Reason());
        Assert.Equal("CREDENTIAL_UNKNOWN", (await Statuses.RefusedAsync(host.Access.CheckAsync(request, RunningHost.Bearer("unknown")))).Reason());
        await host.Access.CheckAsync(new() { Method = "/grpc.health.v1.Health/Check" });
    }

    [Fact] // S3
    public async Task Tokens_Made_AreNeverLogged()
    {
        await using var host = await RunningHost.StartAsync();
        var created = await CreateAsync(host, "alice");
        using var session = host.Sessions.Connect(RunningHost.Bearer(created.Token));
        await session.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = "w" } });
        await session.ResponseStream.NextAsync();
        await host.Access.RevokeTokenAsync(new() { Id = created.Info.Id }, RunningHost.Headers);
        await Statuses.RefusedAsync(session.ResponseStream);
        await host.StopAsync();
        Assert.NotEmpty(host.Log.At(LogLevel.Trace));
        Assert.DoesNotContain(host.Log.At(LogLevel.Trace), line => line.Contains(created.Token.Split('_')[2], StringComparison.Ordinal));
    }

    private static async Task<AccessCreateTokenResponse> CreateAsync(RunningHost host, string subject) =>
        await host.Access.CreateTokenAsync(new() { Kind = "user", Subject = subject.Replace(' ', '-'), Scopes = { "*" } }, RunningHost.Headers);
}
