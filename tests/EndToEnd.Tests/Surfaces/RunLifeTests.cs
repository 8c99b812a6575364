using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace EndToEnd.Tests.Surfaces;

/// <summary>Claims that end by themselves, and workers that wait for one.</summary>
[Collection(SurfaceCollection.Name)]
public sealed class RunLifeTests(SurfaceWorld world)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Claim_NotRenewed_IsQueuedAgainAndItsWorkerIsToldSo()
    {
        using var rest = new Rest(world.Gateway.Address, CoordinatorProcess.Token);
        var lane = $"life-{Guid.NewGuid():N}";
        var run = await QueueAsync(rest, lane);
        var claim = await rest.OkAsync($"/api/agents/runs/{run}/claim", new { worker_id = "first", lease_seconds = 1 });
        await rest.OkAsync($"/api/agents/runs/{run}/events", new { worker_id = "first", lease_seconds = 1, phase = "one" });
        await StateAsync(rest, run, "queued");
        var queued = (await rest.GetAsync($"/api/agents/runs/{run}")).Json.GetProperty("run");
        foreach (var field in new[] { "worker_id", "claimed_at", "lease_expires_at" })
        {
            Assert.Equal((field, JsonValueKind.Null), (field, queued.GetProperty(field).ValueKind));
        }

        var next = await rest.OkAsync("/api/agents/runs/claim", new { lane_key = lane, worker_id = "second" });
        Assert.Equal(run, next.GetProperty("run").GetProperty("id").GetString());
        Assert.True(Token(next) > Token(claim), "The token has not grown.");
        var lost = await rest.PostAsync($"/api/agents/runs/{run}/events", new { worker_id = "first", fencing_token = $"{Token(claim)}", phase = "late" });
        Assert.Equal((HttpStatusCode.Conflict, "CLAIM_LOST"), (lost.Status, lost.Json.GetProperty("code").GetString()));
        Assert.Equal("second", lost.Json.GetProperty("holder").GetProperty("worker_id").GetString());
    }

    [Fact]
    public async Task Cancel_WorkerNeverAnswers_FailsOnceTheLeaseEnds()
    {
        using var rest = new Rest(world.Gateway.Address, CoordinatorProcess.Token);
        var run = await QueueAsync(rest, $"life-{Guid.NewGuid():N}");
        await rest.OkAsync($"/api/agents/runs/{run}/claim", new { worker_id = "gone", lease_seconds = 1 });
        var cancelled = await rest.OkAsync($"/api/agents/runs/{run}/cancel", new { });
        Assert.NotEqual("failed", cancelled.GetProperty("run").GetProperty("state").GetString());
        await StateAsync(rest, run, "failed");
    }

    [Fact]
    public async Task ClaimNext_TwoWait_EachIsServedAsSoonAsARunIsQueued()
    {
        using var rest = new Rest(world.Gateway.Address, CoordinatorProcess.Token);
        var lane = $"life-{Guid.NewGuid():N}";
        var waiting = new[] { "first", "second" }
            .Select(worker => rest.OkAsync("/api/agents/runs/claim", new { lane_key = lane, worker_id = worker, wait_seconds = 20 })).ToList();
        for (var left = waiting.Count; left > 0; left--)
        {
            var clock = Stopwatch.StartNew();
            var run = await QueueAsync(rest, lane);
            var served = await Task.WhenAny(waiting).WaitAsync(Bound);
            Assert.Equal(run, (await served).GetProperty("run").GetProperty("id").GetString());
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(3));
            waiting.Remove(served);
        }
    }

    private static async Task<string> QueueAsync(Rest rest, string lane) =>
        (await rest.OkAsync("/api/agents/runs", new { lane_key = lane, title = "Build" })).GetProperty("run").GetProperty("id").GetString()!;

    private static Task StateAsync(Rest rest, string run, string state) => Eventually.TrueAsync(
        async () => (await rest.GetAsync($"/api/agents/runs/{run}")).Json.GetProperty("run").GetProperty("state").GetString() == state, Bound, $"the run is {state}");

    private static long Token(JsonElement claim) => long.Parse(claim.GetProperty("fencing_token").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
}
