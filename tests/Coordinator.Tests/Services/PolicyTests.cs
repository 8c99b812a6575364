using Coordinator.Services;
using Coordinator.Tests.Services.Harness;
using Grpc.Core;

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

    [Fact]
    public async Task Policies_EveryLine_IsOfAMappedMethod()
    {
        await using var host = await RunningHost.StartAsync();
        Assert.Equal(Policies.Default.Methods.Order(), host.Methods.Order());
    }

    [Fact] // S1: none, unknown and insufficient credentials, at every method, whatever the message
    public async Task EveryMethod_WithoutItsCredential_IsRefusedBeforeItsMessageIsRead()
    {
        await using var host = await RunningHost.StartAsync();
        host.Credentials.Add("no scopes", scopes: "nothing");
        byte[] garbage = [0xff, 0xff, 0xff, 0xff, 0x0f];
        foreach (var method in host.Methods.Where(method => Policies.Default.Of(method) != Policy.Public && Policies.Default.Of(method) != Policy.AsNamed))
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

    [Fact] // the one method that reads its message first: it judges as the method that it names
    public async Task Policies_AsNamed_IsOfAccessCheckAlone()
    {
        await using var host = await RunningHost.StartAsync();
        Assert.Equal("/coordinator.v1.Access/Check", Assert.Single(host.Methods, method => Policies.Default.Of(method) == Policy.AsNamed));
    }
}
