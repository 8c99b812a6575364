using Coordinator.Client;
using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Net;
using System.Text;
using System.Text.Json;

namespace EndToEnd.Tests.Surfaces;

/// <summary>A coordinator whose tunnels and workers have a lease of two seconds, and a gateway.</summary>
public sealed class ShortLeaseWorld : World
{
    internal CoordinatorProcess Coordinator { get; private set; } = null!;

    internal GatewayProcess Gateway { get; private set; } = null!;

    protected override async Task StartAsync()
    {
        var redis = Part(await RedisServer.StartAsync());
        Coordinator = Part(await CoordinatorProcess.StartAsync(redis.Configuration, "--tunnel-ttl-seconds", "2", "--presence-ttl-seconds", "2"));
        Gateway = Part(await GatewayProcess.StartAsync(Coordinator));
    }
}

/// <summary>Tunnels, and the presence of workers, while they live and when they are left alone.</summary>
public sealed class ShortLeaseTests(ShortLeaseWorld world) : IClassFixture<ShortLeaseWorld>, IDisposable
{
    private const string CleanUp = "tunnel:clean-up";
    private const string Expired = "\"reason\":\"expired\"";
    private const string LimitReached = """{"code":"TUNNEL_LIMIT_REACHED","message":"Maximum of 5 active tunnels reached.","details":{"activeCount":5,"maxActive":5}}""";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private readonly Rest _rest = new(world.Gateway.Address, CoordinatorProcess.Token);

    public void Dispose() => _rest.Dispose();

    [Fact]
    public async Task Create_TenAtOnce_GivesExactlyFive()
    {
        await Eventually.TrueAsync(async () => (await _rest.GetAsync("/v1/tunnels")).Text == "[]", Bound, "the tunnels of other tests are over");
        var answers = await Task.WhenAll(Enumerable.Range(1, 10).Select(port => _rest.PostAsync("/v1/tunnels", new { port })));
        Assert.Equal(5, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), refused =>
        {
            Assert.Equal((HttpStatusCode.Conflict, LimitReached), (refused.Status, refused.Text));
            Assert.Equal("false", refused.Headers["x-should-retry"]);
        });
        var five = (await _rest.GetAsync("/v1/tunnels")).Json;
        Assert.Equal(5, five.GetArrayLength());
        await _rest.DeleteAsync($"/v1/tunnels/{five[0].GetProperty("id").GetString()}");
        Assert.Equal(HttpStatusCode.OK, (await _rest.PostAsync("/v1/tunnels", new { port = 6 })).Status);
    }

    [Fact]
    public async Task Tunnel_NotKept_IsGoneAtOnceAndToldToWhoeverCleansUp()
    {
        var created = (await _rest.PostAsync("/v1/tunnels", new { port = 3000, requestedSlug = "left-alone" })).Json;
        Assert.Equal(2, created.GetProperty("leaseTimeoutSec").GetInt32());
        var id = created.GetProperty("tunnelId").GetString()!;
        var host = created.GetProperty("hostname").GetString()!;
        var beat = (await _rest.PostAsync($"/v1/tunnels/{id}/heartbeat")).Json;
        var expires = beat.GetProperty("expiresAt").GetDateTimeOffset();

        // The machine's clock is the store's here: the instant it has passed the deadline there is no tunnel, swept or not.
        await Eventually.TrueAsync(() => TimeProvider.System.GetUtcNow() > expires, Bound, "the lease is over");
        foreach (var name in new[] { id, id.ToUpperInvariant(), host })
        {
            var gone = await _rest.PostAsync($"/v1/tunnels/{name}/heartbeat");
            Assert.Equal((HttpStatusCode.NotFound, """{"code":"TUNNEL_NOT_FOUND","message":"Tunnel was not found for this user."}"""), (gone.Status, gone.Text));
        }

        Assert.Equal("[]", (await _rest.GetAsync("/v1/tunnels")).Text);
        var all = (await _rest.GetAsync("/v1/tunnels?includeInactive=true")).Json;
        var stopped = all.EnumerateArray().Single(tunnel => tunnel.GetProperty("id").GetString() == id);
        Assert.Equal(("stopped", "LEASE_EXPIRED"), (stopped.GetProperty("status").GetString(), stopped.GetProperty("lastError").GetString()));
        Assert.Equal(JsonValueKind.Null, stopped.GetProperty("lease").ValueKind);
        Assert.InRange(stopped.GetProperty("stoppedAt").GetDateTimeOffset(), expires.AddMilliseconds(-1), expires.AddSeconds(5));

        // The slug is free again, and the record of what to clean up is there, once.
        Assert.Equal(HttpStatusCode.OK, (await _rest.PostAsync("/v1/tunnels", new { port = 3000, requestedSlug = "left-alone" })).Status);
        Assert.Contains(Expired, Encoding.UTF8.GetString((await CleanedAsync(host)).Payload.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tunnel_KeptByHeartbeats_OutlivesItsLeaseAndDeletedIsToldToo()
    {
        var created = (await _rest.PostAsync("/v1/tunnels", new { port = 3000 })).Json;
        var id = created.GetProperty("tunnelId").GetString()!;
        var host = created.GetProperty("hostname").GetString()!;
        var until = TimeProvider.System.GetUtcNow().AddSeconds(3);
        using var runtime = new Rest(world.Gateway.Address, created.GetProperty("tunnelRunToken").GetString());
        await Eventually.TrueAsync(
            async () =>
            {
                var beat = await runtime.PostAsync($"/v1/tunnels/{id}/heartbeat");
                Assert.Equal(HttpStatusCode.OK, beat.Status);
                var left = beat.Json.GetProperty("expiresAt").GetDateTimeOffset() - TimeProvider.System.GetUtcNow();
                Assert.InRange(left, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2.1));
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
                return TimeProvider.System.GetUtcNow() > until;
            },
            Bound,
            "the tunnel is kept beyond its first lease");
        Assert.Equal("""{"ok":true}""", (await _rest.DeleteAsync($"/v1/tunnels/{host}")).Text);
        Assert.DoesNotContain(Expired, Encoding.UTF8.GetString((await CleanedAsync(host)).Payload.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Telemetry_Recorded_StandsInTheTunnelsLogAndRenewsNothing()
    {
        var created = (await _rest.PostAsync("/v1/tunnels", new { port = 3000 })).Json;
        var id = created.GetProperty("tunnelId").GetString()!;
        var before = await ExpiresAsync(id);
        var sent = """{"region":"fra","metrics":{"z":1.50,"a":9007199254740993},"requests":[{"path":"/"}]}""";
        Assert.Equal(HttpStatusCode.OK, (await _rest.SendAsync(HttpMethod.Post, $"/v1/tunnels/{id}/telemetry", sent)).Status);
        Assert.Equal(before, await ExpiresAsync(id));
        await using var client = world.Coordinator.Client();
        var stored = new List<LogItem>();
        await foreach (var item in client.Events.ReadAsync($"tunnel:{id}"))
        {
            stored.Add(item);
        }

        Assert.Equal(sent, Encoding.UTF8.GetString(Assert.IsType<LogEvent>(Assert.Single(stored)).Payload.Span));
    }

    [Fact]
    public async Task Worker_Silent_IsNoLongerPresent()
    {
        var registered = (await _rest.PostAsync("/v1/workers", new { })).Json;
        var id = registered.GetProperty("workerId").GetString()!;
        using var worker = new Rest(world.Gateway.Address, registered.GetProperty("activityToken").GetString());
        Assert.Equal(HttpStatusCode.OK, (await worker.PostAsync($"/v1/workers/{id}/activity-heartbeat", new { isActiveRecently = true })).Status);

        // Presence is a lease like any other: who watches leases sees it come and go.
        var leases = new Coordinator.V1.Leases.LeasesClient(world.Coordinator.Channel);
        var lease = (await leases.GetAsync(new() { Resource = $"worker:{id}" }, CoordinatorProcess.Headers)).Lease;
        Assert.Equal(2_000, lease.TtlMs);
        await Eventually.TrueAsync(async () => !(await _rest.GetAsync($"/v1/workers/{id}")).Json.GetProperty("worker").GetProperty("present").GetBoolean(), Bound, "the worker is gone");
        var gone = (await _rest.GetAsync($"/v1/workers/{id}")).Json.GetProperty("worker");
        Assert.Equal((JsonValueKind.Null, JsonValueKind.String), (gone.GetProperty("presentUntil").ValueKind, gone.GetProperty("lastHeartbeatAt").ValueKind));
        Assert.Equal(HttpStatusCode.OK, (await worker.PostAsync($"/v1/workers/{id}/activity-heartbeat", new { isActiveRecently = false })).Status);
        Assert.True((await _rest.GetAsync($"/v1/workers/{id}")).Json.GetProperty("worker").GetProperty("present").GetBoolean());
    }

    private async Task<string> ExpiresAsync(string id) => (await _rest.GetAsync("/v1/tunnels")).Json.EnumerateArray()
        .Single(tunnel => tunnel.GetProperty("id").GetString() == id).GetProperty("lease").GetProperty("expiresAt").GetString()!;

    // The record that names the hostname, by Events.Follow from the beginning, as a program that deletes DNS records would read it.
    private async Task<LogEvent> CleanedAsync(string host)
    {
        await using var client = world.Coordinator.Client();
        using var late = new CancellationTokenSource(Bound);
        await foreach (var item in client.Events.FollowAsync(CleanUp, 0, late.Token))
        {
            if (item is LogEvent record && Encoding.UTF8.GetString(record.Payload.Span).Contains($"\"{host}\"", StringComparison.Ordinal))
            {
                return record;
            }
        }

        throw new InvalidOperationException("The log ended.");
    }
}
