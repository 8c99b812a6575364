using Coordinator.Credentials;
using Coordinator.Services;
using Coordinator.Tests.Services.Harness;
using Google.Protobuf.Reflection;
using Grpc.Core;
using System.Reflection;

namespace Coordinator.Tests.Services;

/// <summary>The table of who may call what, walked over every method that is mapped.</summary>
public sealed class PolicyTests
{
    [Fact] // S1
    public async Task Policies_EveryMappedMethod_HasOneAndOnlyHealthIsPublic()
    {
        await using var host = await RunningHost.StartAsync();
        Assert.True(host.Methods.Count >= 17, "The services are not mapped.");
        Assert.All(host.Methods, method => Assert.NotNull(Policies.Default.Of(method)));
        Assert.All(host.Methods, method => Assert.Equal(method.StartsWith("/grpc.health.v1.", StringComparison.Ordinal), Policies.Default.Of(method) == Policy.Public));
    }

    [Fact] // the protos are the list: also of a service that nobody has mapped yet
    public void Policies_EveryMethodOfEveryService_HasOneAndNothingElseHas() =>
        Assert.Equal(Declared().Order(StringComparer.Ordinal), Policies.Default.Methods.Order(StringComparer.Ordinal));

    [Fact] // S1: none, unknown and insufficient credentials, at every method, whatever the message
    public async Task EveryMethod_WithoutItsCredential_IsRefusedBeforeItsMessageIsRead()
    {
        await using var host = await RunningHost.StartAsync();
        host.Credentials.Add("no scopes", scopes: "nothing");
        byte[] garbage = [0xff, 0xff, 0xff, 0xff, 0x0f];
        foreach (var method in host.Methods.Where(method => Policies.Default.Of(method) != Policy.Public && Policies.Default.Of(method) != Policy.Capability && Policies.Default.Of(method) != Policy.AsNamed))
        {
            Assert.Equal((method, StatusCode.Unauthenticated), (method, (await RawCalls.SendAsync(host, method, new Metadata(), garbage)).StatusCode));
            Assert.Equal((method, StatusCode.Unauthenticated), (method, (await RawCalls.SendAsync(host, method, RunningHost.Bearer("unknown"), garbage)).StatusCode));
            if (Policies.Default.Of(method) != Policy.AnyCredential)
            {
                var scopeless = await RawCalls.SendAsync(host, method, RunningHost.Bearer("no scopes"), garbage);
                Assert.Equal((method, StatusCode.PermissionDenied, "SCOPE_MISSING"), (method, scopeless.StatusCode, scopeless.Reason()));
            }
        }
    }

    [Fact]
    public async Task EveryScope_Alone_OpensItsMethodsAndNoOthers()
    {
        await using var host = await RunningHost.StartAsync();
        var scoped = host.Methods.Select(method => (Method: method, Scopes: Policies.Default.Of(method)!.Scopes)).Where(line => line.Scopes.Count > 0).ToArray();
        byte[] garbage = [0xff, 0xff, 0xff, 0xff, 0x0f];
        foreach (var scope in scoped.SelectMany(line => line.Scopes).Distinct())
        {
            var headers = host.Credentials.Add($"only {scope}", scope);
            string[] opens = scope.EndsWith(":write", StringComparison.Ordinal) ? [scope, scope.Replace(":write", ":read", StringComparison.Ordinal)] : [scope];
            foreach (var (method, scopes) in scoped)
            {
                var expected = scopes.Intersect(opens).Any() ? StatusCode.InvalidArgument : StatusCode.PermissionDenied;
                Assert.Equal((scope, method, expected), (scope, method, (await RawCalls.SendAsync(host, method, headers, garbage)).StatusCode));
            }
        }
    }

    [Theory]
    [InlineData("/coordinator.v1.Runs/Report", "runs:write")]
    [InlineData("/coordinator.v1.Runs/ReadEvents", "runs:read", "runs:write")]
    [InlineData("/coordinator.v1.Workers/RecordHeartbeat", "workers:write", "activity")]
    [InlineData("/coordinator.v1.Tunnels/Heartbeat", "tunnels:write", "tunnels:heartbeat")]
    [InlineData("/coordinator.v1.Tunnels/RecordTelemetry", "tunnels:write", "tunnels:heartbeat")]
    [InlineData("/coordinator.v1.Tunnels/Delete", "tunnels:write")]
    [InlineData("/coordinator.v1.Access/ListTokens", "tokens:read", "tokens:write")]
    public void Policy_OfAMethod_IsOpenedByTheseScopesAndEverythingAlone(string method, params string[] opens)
    {
        var scopes = Policies.Default.Methods.SelectMany(other => Policies.Default.Of(other)!.Scopes).Append("*").Distinct();
        var opened = scopes.Where(scope => Policies.Default.Of(method)!.Admits(
            new(Tokens.Sha256("t"), CredentialKind.User, RunningHost.Tenant, "s", null, new HashSet<string> { scope }, null)));
        Assert.Equal(opens.Append("*").Order(StringComparer.Ordinal), opened.Order(StringComparer.Ordinal));
    }

    [Fact] // the one method that reads its message first: it judges as the method that it names
    public async Task Policies_AsNamed_IsOfAccessCheckAlone()
    {
        await using var host = await RunningHost.StartAsync();
        Assert.Equal("/coordinator.v1.Access/Check", Assert.Single(host.Methods, method => Policies.Default.Of(method) == Policy.AsNamed));
    }

    private static IEnumerable<string> Declared() =>
        from type in typeof(V1.Leases).Assembly.GetTypes()
        let file = type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as FileDescriptor
        where file is not null
        from service in file.Services
        from method in service.Methods
        select $"/{service.FullName}/{method.Name}";
}
