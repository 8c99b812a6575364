using Coordinator.Client;
using Coordinator.Testing;
using Coordinator.V1;
using EndToEnd.Tests.Harness;
using System.Net;
using System.Text.Json;

namespace EndToEnd.Tests.Surfaces;

/// <summary>G1: a run held by a worker's stream and one held by REST alone are the same thing, whichever way they are looked at.</summary>
[Collection(SurfaceCollection.Name)]
public sealed class TwoFacesTests(SurfaceWorld world)
{
    private const string Worker = "example";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private Leases.LeasesClient Leases => new(world.Coordinator.Channel);

    [Fact]
    public async Task Run_HeldByREST_IsTheSameLeaseInGrpc()
    {
        using var rest = new Rest(world.Gateway.Address, CoordinatorProcess.Token);
        var (run, token) = await ClaimAsync(rest, 60);
        var reported = await rest.OkAsync($"/api/agents/runs/{run}/events", new { worker_id = Worker, lease_seconds = 300, events = new[] { new { type = "action", payload = new { n = 1 } } } });
        await AssertSameAsync(rest, run, token);

        // What gRPC shows of the log is what REST was told.
        await using var client = world.Coordinator.Client();
        var events = new List<LogItem>();
        await foreach (var item in client.Events.ReadAsync($"run:{run}"))
        {
            events.Add(item);
        }

        var stored = Assert.IsType<LogEvent>(Assert.Single(events));
        Assert.Equal(("action", Worker, token, """{"n":1}"""), (stored.Type, stored.Holder, stored.Token, System.Text.Encoding.UTF8.GetString(stored.Payload.Span)));

        // Ended in gRPC, it is queued again in REST, and its worker is told.
        await Leases.RevokeAsync(new() { Lease = new() { Resource = $"run:{run}", Token = token } }, CoordinatorProcess.Headers);
        var after = (await rest.GetAsync($"/api/agents/runs/{run}")).Json.GetProperty("run");
        Assert.Equal(("queued", JsonValueKind.Null), (after.GetProperty("state").GetString(), after.GetProperty("worker_id").ValueKind));
        var lost = await rest.PostAsync($"/api/agents/runs/{run}/events", new { worker_id = Worker, fencing_token = $"{token}" });
        Assert.Equal((HttpStatusCode.Conflict, "CLAIM_LOST"), (lost.Status, lost.Json.GetProperty("code").GetString()));
        Assert.Equal("running", reported.GetProperty("run").GetProperty("state").GetString());
    }

    [Fact]
    public async Task Run_HeldByAStream_IsTheSameRunInREST()
    {
        using var rest = new Rest(world.Gateway.Address, CoordinatorProcess.Token);
        var (run, token) = await ClaimAsync(rest, 3);
        var notices = new System.Collections.Concurrent.ConcurrentQueue<SessionNotice>();
        await using var client = world.Coordinator.Client();
        await using var session = await client.StartWorkerAsync(new() { WorkerId = Worker, OnNotice = notices.Enqueue });
        await using var lease = await session.AdoptAsync($"run:{run}", token);
        Assert.Equal(token, lease.Token);

        // The stream's heartbeats are the run's: it lives on past its three seconds.
        var first = Deadline(await RunAsync(rest, run));
        await Eventually.TrueAsync(async () => Deadline(await RunAsync(rest, run)) > first.AddSeconds(3), Bound, "the stream has renewed the run twice over");
        await AssertSameAsync(rest, run, token);

        // Events of the stream and of REST stand in one log, in the order they came.
        await lease.Events.PublishAsync(new("action", """{"n":1}"""u8.ToArray()));
        await Eventually.TrueAsync(async () => (await EventsAsync(rest, run)).Count == 1, Bound, "the event is in REST's view");
        await rest.OkAsync($"/api/agents/runs/{run}/events", new { worker_id = Worker, phase = "two", events = new[] { new { type = "action", payload = new { n = 2 } } } });
        Assert.Equal(["""{"n":1}""", """{"n":2}"""], await EventsAsync(rest, run));
        await AssertSameAsync(rest, run, token);

        // Asked in REST, told on the stream, and done.
        await rest.OkAsync($"/api/agents/runs/{run}/pause", new { });
        await Eventually.TrueAsync(() => notices.Any(notice => notice.Kind == SessionNoticeKind.Pause), Bound, "the worker is told to pause");
        await rest.OkAsync($"/api/agents/runs/{run}/resume", new { });
        await Eventually.TrueAsync(() => notices.Any(notice => notice.Kind == SessionNoticeKind.Resume), Bound, "the worker is told to go on");
        await rest.OkAsync($"/api/agents/runs/{run}/cancel", new { reason = "no longer wanted" });
        await Eventually.TrueAsync(() => lease.CancelRequested.IsCancellationRequested, Bound, "the worker is told to stop");
        await lease.ReleaseAsync();
        await Eventually.TrueAsync(async () => (await RunAsync(rest, run)).GetProperty("state").GetString() == "failed", Bound, "the cancelled run has failed");
    }

    private static async Task<(string Run, long Token)> ClaimAsync(Rest rest, int seconds)
    {
        var run = (await rest.OkAsync("/api/agents/runs", new { lane_key = $"faces-{Guid.NewGuid():N}", title = "Build" })).GetProperty("run").GetProperty("id").GetString()!;
        var claim = await rest.OkAsync($"/api/agents/runs/{run}/claim", new { worker_id = Worker, lease_seconds = seconds });
        return (run, long.Parse(claim.GetProperty("fencing_token").GetString()!, System.Globalization.CultureInfo.InvariantCulture));
    }

    private static async Task<JsonElement> RunAsync(Rest rest, string run) => (await rest.GetAsync($"/api/agents/runs/{run}")).Json.GetProperty("run");

    private static async Task<IReadOnlyList<string>> EventsAsync(Rest rest, string run) =>
        [.. (await rest.GetAsync($"/api/agents/runs/{run}/events")).Json.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("payload").GetRawText())];

    private static DateTimeOffset Deadline(JsonElement run) => run.GetProperty("lease_expires_at").GetDateTimeOffset();

    // Holder, token, deadline and claim, by both; a renewal between the two looks is looked at again.
    private async Task AssertSameAsync(Rest rest, string run, long token)
    {
        await Eventually.TrueAsync(
            async () =>
            {
                var before = await RunAsync(rest, run);
                var lease = (await Leases.GetAsync(new() { Resource = $"run:{run}" }, CoordinatorProcess.Headers)).Lease;
                Assert.Equal((before.GetProperty("worker_id").GetString(), token), (lease.Holder, lease.Token));
                Assert.Equal(before.GetProperty("claimed_at").GetDateTimeOffset(), Truncated(lease.AcquiredAt.ToDateTimeOffset()), TimeSpan.FromMilliseconds(1));
                return (Deadline(before) - Truncated(lease.ExpiresAt.ToDateTimeOffset())).Duration() <= TimeSpan.FromMilliseconds(1);
            },
            Bound,
            "both show one deadline");
    }

    private static DateTimeOffset Truncated(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMillisecond));
}
