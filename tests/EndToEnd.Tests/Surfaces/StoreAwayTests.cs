using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Net;

namespace EndToEnd.Tests.Surfaces;

/// <summary>Redis dies and comes back: until then every surface says 503 and when to come again, afterwards everything goes on.</summary>
public sealed class StoreAwayTests : World
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private RedisServer _redis = null!;
    private CoordinatorProcess _coordinator = null!;
    private GatewayProcess _gateway = null!;

    protected override async Task StartAsync()
    {
        _redis = Part(await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always"));
        _coordinator = Part(await CoordinatorProcess.StartAsync(_redis.Configuration));
        _gateway = Part(await GatewayProcess.StartAsync(_coordinator));
    }

    [Fact]
    public async Task Surfaces_RedisKilledAndStartedAgain_Are503ThenGoOn()
    {
        using var rest = new Rest(_gateway.Address, CoordinatorProcess.Token);
        var run = (await rest.OkAsync("/api/agents/runs", new { lane_key = "away", title = "Build" })).GetProperty("run").GetProperty("id").GetString()!;
        await rest.OkAsync($"/api/agents/runs/{run}/claim", new { worker_id = "example" });
        var tunnel = (await rest.OkAsync("/v1/tunnels", new { port = 3000 })).GetProperty("tunnelId").GetString()!;
        var registered = await rest.OkAsync("/v1/workers", new { });
        using var worker = new Rest(_gateway.Address, registered.GetProperty("activityToken").GetString());
        var activity = $"/v1/workers/{registered.GetProperty("workerId").GetString()}/activity-heartbeat";
        Func<Task<Answer>>[] calls =
        [
            () => rest.PostAsync($"/api/agents/runs/{run}/events", new { worker_id = "example", phase = "on" }),
            () => rest.PostAsync("/api/agents/runs", new { lane_key = "away", title = "Build" }),
            () => rest.GetAsync($"/api/agents/runs/{run}"),
            () => rest.GetAsync("/api/agents/runs"),
            () => rest.PostAsync($"/v1/tunnels/{tunnel}/heartbeat"),
            () => rest.PostAsync("/v1/tunnels", new { port = 3000 }),
            () => rest.GetAsync("/v1/tunnels"),
            () => rest.PostAsync("/v1/workers", new { }),
            () => rest.GetAsync("/v1/workers"),
            () => worker.PostAsync(activity, new { isActiveRecently = true }),
        ];
        await _redis.KillAsync();
        await Task.WhenAll(calls.Select(async call =>
        {
            var answer = await call();
            Assert.True(answer.Status == HttpStatusCode.ServiceUnavailable, $"{answer}");
            Assert.Matches("^[1-9][0-9]*$", answer.Headers["Retry-After"]);
            Assert.Equal("application/json", answer.Headers["Content-Type"]);
            Assert.DoesNotContain("127.0.0.1", answer.Text, StringComparison.Ordinal);
        }));

        await _redis.StartAgainAsync();
        foreach (var call in calls)
        {
            await Eventually.TrueAsync(async () => (await call()).Status == HttpStatusCode.OK, Bound, "it goes on");
        }

        Assert.Equal("on", (await rest.GetAsync($"/api/agents/runs/{run}")).Json.GetProperty("run").GetProperty("phase").GetString());
    }
}
