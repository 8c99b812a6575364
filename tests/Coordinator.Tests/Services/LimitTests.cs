using Coordinator.Credentials;
using Coordinator.Leases;
using Coordinator.Limits;
using Coordinator.Services;
using Coordinator.Storage.Embedded;
using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using System.Net;

namespace Coordinator.Tests.Services;

/// <summary>Limits as a caller on the wire meets them. Two methods that are not limited stand for those that are.</summary>
public sealed class LimitTests
{
    private const string ByAddress = "/coordinator.v1.Leases/List";
    private const string ByCredential = "/coordinator.v1.Leases/Get";
    private static readonly AccessCheckRequest CheckList = new() { Method = ByAddress };
    private static readonly AccessCheckRequest CheckGet = new() { Method = ByCredential };

    [Fact] // the table itself
    public void Policies_OfReportsAndTunnels_AreUnderTheirLimitsAndNoOthers()
    {
        Assert.All(Policies.Default.Methods, method => Assert.Equal(
            (method, method == "/coordinator.v1.Runs/Report" ? LimitKind.Runs
                : method.StartsWith("/coordinator.v1.Tunnels/", StringComparison.Ordinal) ? LimitKind.Tunnels : LimitKind.None),
            (method, Policies.Default.Of(method)!.Limit)));
    }

    [Fact]
    public async Task Answers_OfALimitedMethod_SayWhereTheCallerStands()
    {
        var time = new ManualTime();
        await using var host = await StartAsync(runs: 3, tunnels: 2, time: time);
        time.Advance(TimeSpan.FromSeconds(10));
        using var succeeds = host.Leases.ListAsync(new(), RunningHost.Headers);
        await succeeds;
        Assert.Equal(("3", "2", "50"), Seen(await succeeds.ResponseHeadersAsync));

        // Failures of a handler and of admission alike, and the answer of a check.
        var notFound = host.Leases.GetAsync(new() { Resource = "none" }, RunningHost.Headers);
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(async () => await notFound)).StatusCode);
        Assert.Equal(("2", "1", "50"), Seen(await notFound.ResponseHeadersAsync));
        var unknown = await Statuses.RefusedAsync(host.Leases.ListAsync(new(), RunningHost.Bearer("unknown")));
        Assert.Equal((StatusCode.Unauthenticated, ("3", "1", "50")), (unknown.StatusCode, Seen(unknown.Trailers)));
        using var check = host.Access.CheckAsync(CheckList, RunningHost.Headers);
        await check;
        Assert.Equal(("3", "0", "50"), Seen(await check.ResponseHeadersAsync));

        var beyond = await Statuses.RefusedAsync(host.Leases.ListAsync(new(), RunningHost.Headers));
        Assert.Equal((StatusCode.ResourceExhausted, "RATE_LIMITED"), (beyond.StatusCode, beyond.Reason()));
        Assert.Equal(TimeSpan.FromSeconds(50), beyond.Rich().Find<RetryInfo>()!.RetryDelay.ToTimeSpan());
        Assert.Equal(("3", "0", "50"), Seen(beyond.Trailers));
        Assert.Equal("RATE_LIMITED", (await Statuses.RefusedAsync(host.Access.CheckAsync(CheckList, RunningHost.Headers))).Reason());

        using var unlimited = host.Events.ReadAsync(new() { Resource = "none" }, RunningHost.Headers);
        await unlimited;
        Assert.Null((await unlimited.ResponseHeadersAsync).GetValue(CallLimits.LimitHeader));
        time.Advance(TimeSpan.FromSeconds(50));
        await host.Leases.ListAsync(new(), RunningHost.Headers);
    }

    [Fact]
    public async Task Calls_BeyondTheLimit_DoNothing()
    {
        await using var host = await StartAsync(acquire: LimitKind.Runs, runs: 1);
        await host.AcquireAsync("first");
        await Assert.ThrowsAsync<RpcException>(() => host.AcquireAsync("second"));
        Assert.Equal("first", Assert.Single((await host.Leases.ListAsync(new(), RunningHost.Headers)).Leases).Resource);
    }

    [Fact] // of the methods that are limited in the program itself
    public async Task Tunnels_BeyondTheLimit_AreRefusedAndNotMade()
    {
        await using var host = await RunningHost.StartAsync(services => services
            .AddSingleton(new LimitRules(0, 2, [])).AddSingleton<ILimitStore>(new EmbeddedLimitStore(new ManualTime())));
        var (tunnels, other) = (new V1.Tunnels.TunnelsClient(host.Channel), host.Credentials.Add("another of the tenant", kind: CredentialKind.Admin));
        var made = await tunnels.CreateAsync(new() { Port = 3_000 }, RunningHost.Headers);
        using var beat = tunnels.HeartbeatAsync(new() { Id = made.TunnelId }, RunningHost.Bearer(made.TunnelRunToken));
        await beat;
        Assert.Equal(("2", "1", "60"), Seen(await beat.ResponseHeadersAsync));
        await tunnels.CreateAsync(new() { Port = 3_000 }, RunningHost.Headers);
        var beyond = await Statuses.RefusedAsync(tunnels.CreateAsync(new() { Port = 3_000 }, RunningHost.Headers));
        Assert.Equal((StatusCode.ResourceExhausted, "RATE_LIMITED", ("2", "0", "60")), (beyond.StatusCode, beyond.Reason(), Seen(beyond.Trailers)));
        Assert.Equal(2, (await tunnels.ListAsync(new(), other)).Tunnels.Count);
    }

    [Fact]
    public async Task Reports_BeyondTheLimit_AreRefusedWithWhereTheCallerStands()
    {
        await using var host = await RunningHost.StartAsync(services => services
            .AddSingleton(new LimitRules(1, 0, [])).AddSingleton<ILimitStore>(new EmbeddedLimitStore(new ManualTime())));
        var (runs, report) = (new V1.Runs.RunsClient(host.Channel), new RunsReportRequest { Id = $"{Guid.NewGuid()}", WorkerId = "w" });
        var first = runs.ReportAsync(report, RunningHost.Headers);
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(async () => await first)).StatusCode);
        Assert.Equal(("1", "0", "60"), Seen(await first.ResponseHeadersAsync));
        var beyond = await Statuses.RefusedAsync(runs.ReportAsync(report, RunningHost.Headers));
        Assert.Equal(("RATE_LIMITED", ("1", "0", "60")), (beyond.Reason(), Seen(beyond.Trailers)));
    }

    [Theory] // first the limit, then the credential, then its scopes: of both limits
    [InlineData(ByAddress)]
    [InlineData(ByCredential)]
    public async Task Order_OfTheChecks_IsLimitThenCredentialThenScope(string method)
    {
        await using var host = await StartAsync(runs: 3, tunnels: 1);
        var scopeless = host.Credentials.Add("no scopes", "nothing");
        string Reason(RpcException refused) => refused.Reason();
        async Task<string> CallAsync(Metadata headers) => Reason(await RawCalls.SendAsync(host, method, headers, []));
        Assert.Equal("CREDENTIAL_MISSING", await CallAsync([]));
        Assert.Equal("CREDENTIAL_UNKNOWN", await CallAsync(RunningHost.Bearer("unknown")));
        Assert.Equal("SCOPE_MISSING", await CallAsync(scopeless));
        foreach (var headers in new[] { new Metadata(), RunningHost.Bearer("unknown"), scopeless })
        {
            Assert.Equal("RATE_LIMITED", await CallAsync(headers));
        }
    }

    [Theory] // S5: neither scheme nor case nor spaces make another caller
    [InlineData("bearer unknown")]
    [InlineData("BEARER unknown")]
    [InlineData("Bearer  unknown ")]
    public async Task Credential_WrittenInAnotherWay_IsTheSame(string header)
    {
        await using var host = await StartAsync(tunnels: 1);
        await Statuses.RefusedAsync(host.Access.CheckAsync(CheckGet, RunningHost.Bearer("unknown")));
        var again = await Statuses.RefusedAsync(host.Access.CheckAsync(CheckGet, new Metadata { { "authorization", header } }));
        Assert.Equal("RATE_LIMITED", again.Reason());
    }

    [Fact] // S5: what can be nobody's is counted by address, as nothing is
    public async Task Credential_ThatIsNone_IsCountedByAddress()
    {
        await using var host = await StartAsync(tunnels: 5);
        Metadata Basic() => new() { { "authorization", $"Basic {Guid.NewGuid()}" } };
        foreach (var headers in new[] { [], Basic(), Basic(), RunningHost.Bearer(new string('x', 1_025)), RunningHost.Bearer(new string('y', 4_000)) })
        {
            Assert.Equal(StatusCode.Unauthenticated, (await Statuses.RefusedAsync(host.Access.CheckAsync(CheckGet, headers))).StatusCode);
        }

        Assert.Equal("RATE_LIMITED", (await Statuses.RefusedAsync(host.Access.CheckAsync(CheckGet, Basic()))).Reason());
        await host.Access.CheckAsync(CheckGet, RunningHost.Headers);
    }

    [Fact]
    public async Task ClientAddress_FromAGateway_IsCounted()
    {
        await using var host = await StartAsync(runs: 1);
        foreach (var client in new[] { "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1" })
        {
            await host.Access.CheckAsync(CheckList, Through("the gateway's", client));
            Assert.Equal("RATE_LIMITED", (await Statuses.RefusedAsync(host.Access.CheckAsync(CheckList, Through("the gateway's", client)))).Reason());
        }

        Assert.Equal("RATE_LIMITED", (await Statuses.RefusedAsync(host.Access.CheckAsync(CheckList, Through("the gateway's", "2001:db8::ffff:1")))).Reason());
        // The gateway's own calls are its own.
        await host.Access.CheckAsync(CheckList, RunningHost.Headers);
    }

    [Theory] // S5
    [InlineData(null, "192.0.2.1")]
    [InlineData("", "192.0.2.1")]
    [InlineData("unknown", "192.0.2.1")]
    [InlineData("a user's", "192.0.2.1")]
    [InlineData(RunningHost.Token, "192.0.2.1")]
    [InlineData("the gateway's", "nowhere")]
    [InlineData("the gateway's", "")]
    public async Task ClientAddress_FromAnybodyElse_ChangesNothing(string? gateway, string client)
    {
        await using var host = await StartAsync(runs: 1);
        await host.Access.CheckAsync(CheckList, RunningHost.Headers);
        Assert.Equal("RATE_LIMITED", (await Statuses.RefusedAsync(host.Access.CheckAsync(CheckList, Through(gateway, client)))).Reason());
    }

    [Fact]
    public async Task Exempt_Address_IsNeitherCountedNorTold()
    {
        await using var host = await StartAsync(runs: 1, exempt: "127.0.0.0/8");
        foreach (var _ in Enumerable.Range(0, 3))
        {
            using var call = host.Leases.ListAsync(new(), RunningHost.Headers);
            await call;
            Assert.Null((await call.ResponseHeadersAsync).GetValue(CallLimits.LimitHeader));
        }

        await host.Access.CheckAsync(CheckList, Through("the gateway's", "192.0.2.1"));
        Assert.Equal("RATE_LIMITED", (await Statuses.RefusedAsync(host.Access.CheckAsync(CheckList, Through("the gateway's", "192.0.2.1")))).Reason());
    }

    [Fact]
    public async Task Store_Away_IsUnavailable()
    {
        var away = new AwayLimits();
        await using var host = await StartAsync(runs: 1, store: away);
        var refused = await Statuses.RefusedAsync(host.Access.CheckAsync(CheckList, RunningHost.Headers));
        Assert.Equal((StatusCode.Unavailable, "STORE_UNAVAILABLE"), (refused.StatusCode, refused.Reason()));
    }

    private static Metadata Through(string? gateway, string client)
    {
        var headers = RunningHost.Headers;
        headers.Add("x-client-address", client);
        if (gateway is not null)
        {
            headers.Add("x-gateway-token", gateway);
        }

        return headers;
    }

    private static (string?, string?, string?) Seen(Metadata headers) =>
        (headers.GetValue(CallLimits.LimitHeader), headers.GetValue(CallLimits.RemainingHeader), headers.GetValue(CallLimits.ResetHeader));

    private static async Task<RunningHost> StartAsync(
        int runs = 0, int tunnels = 0, LimitKind acquire = LimitKind.None, string? exempt = null, ManualTime? time = null, ILimitStore? store = null)
    {
        var policies = Policies.Default.Methods.ToDictionary(method => method, method => Policies.Default.Of(method)!);
        policies[ByAddress] = policies[ByAddress].Under(acquire == LimitKind.None ? LimitKind.Runs : LimitKind.None);
        policies[ByCredential] = policies[ByCredential].Under(LimitKind.Tunnels);
        policies["/coordinator.v1.Leases/Acquire"] = policies["/coordinator.v1.Leases/Acquire"].Under(acquire);
        IPNetwork[] ranges = exempt is null ? [] : [IPNetwork.Parse(exempt)];
        var host = await RunningHost.StartAsync(services => services
            .AddSingleton(new Policies(policies))
            .AddSingleton(new LimitRules(runs, tunnels, ranges))
            .AddSingleton(store ?? new EmbeddedLimitStore(time ?? new ManualTime())));
        host.Credentials.Add("the gateway's", "nothing", kind: CredentialKind.Gateway);
        host.Credentials.Add("a user's", kind: CredentialKind.User);
        return host;
    }

    private sealed class AwayLimits : ILimitStore
    {
        public ValueTask<WindowCount> CountAsync(string subject, int limit, TimeSpan window, CancellationToken cancellation) =>
            throw new StoreException(StoreFailure.Unavailable, "Redis cannot be reached.");
    }
}
