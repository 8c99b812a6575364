using EndToEnd.Tests.Harness;
using System.Net;

namespace EndToEnd.Tests.Surfaces;

/// <summary>The same asked many times at once: what can be given once is given once.</summary>
[Collection(SurfaceCollection.Name)]
public sealed class RaceTests(SurfaceWorld world) : IDisposable
{
    private const int AtOnce = 20;
    private readonly Rest _rest = new(world.Gateway.Address, CoordinatorProcess.Token);
    private readonly string _lane = $"race-{Guid.NewGuid():N}";

    public void Dispose() => _rest.Dispose();

    [Fact]
    public async Task ClaimNext_ByMoreWorkersThanRuns_GivesEachRunOnce()
    {
        var queued = await Task.WhenAll(Enumerable.Range(0, AtOnce / 2).Select(_ => QueueAsync()));
        var claims = await AllAsync(at => _rest.OkAsync("/api/agents/runs/claim", new { lane_key = _lane, worker_id = $"w-{at}" }));
        var given = claims.Select(claim => claim.GetProperty("run")).Where(run => run.ValueKind == System.Text.Json.JsonValueKind.Object).ToList();
        Assert.Equal(queued.Order(), given.Select(run => run.GetProperty("id").GetString()!).Order());
        Assert.Equal(given.Count, given.Select(run => run.GetProperty("worker_id").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task Claim_OfOneRun_IsGivenToOne()
    {
        var run = await QueueAsync();
        var answers = await AllAsync(at => _rest.PostAsync($"/api/agents/runs/{run}/claim", new { worker_id = $"w-{at}" }));
        var holder = Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK).Json.GetProperty("run").GetProperty("worker_id").GetString();
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), refused =>
        {
            Assert.Equal((HttpStatusCode.Conflict, "CLAIM_NOT_HELD"), (refused.Status, refused.Json.GetProperty("code").GetString()));
            Assert.Equal(holder, refused.Json.GetProperty("holder").GetProperty("worker_id").GetString());
        });
    }

    [Fact]
    public async Task Report_OneBatchManyTimes_IsStoredOnce()
    {
        var run = await QueueAsync();
        var token = (await _rest.OkAsync($"/api/agents/runs/{run}/claim", new { worker_id = "example" })).GetProperty("fencing_token").GetString();
        var report = new { worker_id = "example", fencing_token = token, batch_sequence = 1, events = new[] { new { type = "action" }, new { type = "error" } } };
        var answers = await AllAsync(_ => _rest.OkAsync($"/api/agents/runs/{run}/events", report));
        Assert.All(answers, answer => Assert.Equal(1, answer.GetProperty("acked_sequence").GetInt64()));
        Assert.Equal(2, (await _rest.GetAsync($"/api/agents/runs/{run}/events")).Json.GetProperty("events").GetArrayLength());
    }

    [Fact]
    public async Task Queue_OneKeyManyTimes_QueuesOne()
    {
        var key = Guid.NewGuid().ToString();
        var ids = await AllAsync(async _ => (await _rest.OkAsync("/api/agents/runs", new { lane_key = _lane, title = "Build", operation_id = key })).GetProperty("run").GetProperty("id").GetString());
        Assert.Single(ids.Distinct());
        Assert.Equal(1, (await _rest.GetAsync($"/api/agents/runs?lane_key={_lane}")).Json.GetProperty("runs").GetArrayLength());
    }

    [Fact]
    public async Task ClaimNext_WaitGivenUp_ClaimsNothing()
    {
        using (var impatient = new HttpClient { BaseAddress = world.Gateway.Address, Timeout = TimeSpan.FromSeconds(1) })
        {
            impatient.DefaultRequestHeaders.Authorization = new("Bearer", CoordinatorProcess.Token);
            using var body = new StringContent($$"""{"lane_key":"{{_lane}}","worker_id":"gone","wait_seconds":30}""", System.Text.Encoding.UTF8, "application/json");
            await Assert.ThrowsAsync<TaskCanceledException>(() => impatient.PostAsync("/api/agents/runs/claim", body));
        }

        // What is queued now is not for the one that has gone, whose place in the line is kept for a moment only.
        var run = await QueueAsync();
        var claim = await _rest.OkAsync("/api/agents/runs/claim", new { lane_key = _lane, worker_id = "here", wait_seconds = 20 });
        Assert.Equal((run, "here"), (claim.GetProperty("run").GetProperty("id").GetString(), claim.GetProperty("run").GetProperty("worker_id").GetString()));
    }

    [Fact]
    public async Task CreateTunnel_OneSlugManyTimes_IsGivenToOne()
    {
        var slug = Guid.NewGuid().ToString("N")[..20];
        var answers = await AllAsync(port => _rest.PostAsync("/v1/tunnels", new { port = port + 1, requestedSlug = slug }));
        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.Equal(AtOnce - 1, answers.Count(answer => answer.Status == HttpStatusCode.Conflict && answer.Json.GetProperty("code").GetString() == "TUNNEL_SLUG_CONFLICT"));
    }

    private static async Task<T[]> AllAsync<T>(Func<int, Task<T>> ask) => await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(ask));

    private async Task<string> QueueAsync() =>
        (await _rest.OkAsync("/api/agents/runs", new { lane_key = _lane, title = "Build" })).GetProperty("run").GetProperty("id").GetString()!;
}
