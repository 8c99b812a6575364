using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace EndToEnd.Tests.Surfaces;

/// <summary>A report is one step: lease, phase, log line and events change together or not at all, also while coordinators die.</summary>
public sealed class RunAtomicityTests
{
    private const string Holder = "holder";
    private const int Kills = 4;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task Report_ByEightWhileCoordinatorsAreKilled_IsAllOrNothingAndNeverForeign()
    {
        await using var redis = await RedisServer.StartAsync();
        int[] ports = [FreePort.Next(), FreePort.Next()];
        var coordinators = await Task.WhenAll(ports.Select(port => CoordinatorAsync(redis, port)));
        await using var gateway = await GatewayProcess.StartAsync(coordinators);
        using var rest = new Rest(gateway.Address, CoordinatorProcess.Token);
        var run = (await rest.OkAsync("/api/agents/runs", new { lane_key = "atomic", title = "Build" })).GetProperty("run").GetProperty("id").GetString()!;
        var claim = await rest.OkAsync($"/api/agents/runs/{run}/claim", new { worker_id = Holder, lease_seconds = 600 });
        var token = claim.GetProperty("fencing_token").GetString()!;

        var told = new Told();
        using var stop = new CancellationTokenSource();
        var reporters = Enumerable.Range(0, 8).Select(seed => ReportAsync(rest, run, told, new Random(seed), stop.Token)).ToArray();
        var reader = ReadAsync(rest, run, told, token, stop.Token);
        var random = new Random(1);
        for (var kill = 0; kill < Kills; kill++)
        {
            var before = told.Accepted.Count;
            await Eventually.TrueAsync(() => told.Accepted.Count > before + 50, Bound, "reports are accepted again");
            var victim = random.Next(2);
            coordinators[victim].Process.Send(Signal.Kill);
            await coordinators[victim].DisposeAsync();
            coordinators[victim] = await CoordinatorAsync(redis, ports[victim]);
        }

        await stop.CancelAsync();
        await Task.WhenAll([.. reporters, reader]);
        await Eventually.TrueAsync(async () => await ReadEventsAsync(rest, run, told, token) == 0, Bound, "the log is read to its end");
        await AssertAgreeAsync(rest, run, told);
        foreach (var coordinator in coordinators)
        {
            await coordinator.DisposeAsync();
        }
    }

    private static Task<CoordinatorProcess> CoordinatorAsync(RedisServer redis, int port) =>
        CoordinatorProcess.StartAtAsync(port, redis.Configuration, CoordinatorProcess.Tenant, CoordinatorProcess.Token, "--rate-limit-runs", "0");

    private static async Task ReportAsync(Rest rest, string run, Told told, Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var foreign = random.Next(3) == 0;
            var number = Interlocked.Increment(ref told.Numbers);
            var body = new
            {
                worker_id = foreign ? $"thief-{random.Next(5)}" : Holder,
                lease_seconds = random.Next(60, 3600),
                phase = $"{number}",
                log_line = $"{number}",
                events = new[] { new { type = "action", payload = new { number } }, new { type = "log_line", payload = new { number } } },
            };
            var answer = await TryAsync(rest, $"/api/agents/runs/{run}/events", body);
            if (foreign)
            {
                told.Foreign.Add(number);
                Assert.True(answer is null or { Status: HttpStatusCode.Conflict }, $"A foreign report was answered {answer}");
            }
            else if (answer is null)
            {
                told.Unknown.Add(number);
            }
            else
            {
                Assert.True(answer.Status == HttpStatusCode.OK, $"The holder's report was answered {answer}");
                AssertWhole(answer.Json.GetProperty("run"));
                told.Accepted.Add(number);
            }
        }
    }

    // Null where it is not known what became of it: the coordinator that had it died.
    private static async Task<Answer?> TryAsync(Rest rest, string path, object body)
    {
        try
        {
            var answer = await rest.PostAsync(path, body);
            return answer.Status is HttpStatusCode.ServiceUnavailable ? null : answer;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static async Task ReadAsync(Rest rest, string run, Told told, string token, CancellationToken stop)
    {
        var deadline = DateTimeOffset.MinValue;
        while (!stop.IsCancellationRequested)
        {
            await ReadEventsAsync(rest, run, told, token);
            var answer = await rest.GetAsync($"/api/agents/runs/{run}");
            if (answer.Status == HttpStatusCode.OK)
            {
                var seen = answer.Json.GetProperty("run");
                AssertWhole(seen);
                var now = seen.GetProperty("lease_expires_at").GetDateTimeOffset();
                Assert.True(now >= deadline, $"The deadline went from {deadline:O} back to {now:O}.");
                deadline = now;
            }
            else
            {
                Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
            }
        }
    }

    private static void AssertWhole(JsonElement run)
    {
        Assert.Equal(Holder, run.GetProperty("worker_id").GetString());
        Assert.Equal(run.GetProperty("phase").GetString(), run.GetProperty("log_line").GetString());
    }

    // The log as it grows: it keeps no more than its last events. How many were there; -1 where that is not known.
    private static async Task<int> ReadEventsAsync(Rest rest, string run, Told told, string token)
    {
        var answer = await rest.GetAsync($"/api/agents/runs/{run}/events?limit=1000&after={told.Stored.Count}");
        if (answer.Status == HttpStatusCode.ServiceUnavailable)
        {
            return -1;
        }

        Assert.True(answer.Status == HttpStatusCode.OK, $"The log was answered {answer}");
        var events = answer.Json.GetProperty("events");
        foreach (var stored in events.EnumerateArray())
        {
            Assert.Equal((Holder, token), (stored.GetProperty("worker_id").GetString(), stored.GetProperty("fencing_token").GetString()));
            Assert.Equal(told.Stored.Count + 1, stored.GetProperty("sequence").GetInt64());
            told.Stored.Add(stored.GetProperty("payload").GetProperty("number").GetInt32());
        }

        return events.GetArrayLength();
    }

    private static async Task AssertAgreeAsync(Rest rest, string run, Told told)
    {
        // Both events of a report, next to each other, once: of every report that was accepted, of none that was foreign.
        var pairs = told.Stored.Chunk(2).ToList();
        Assert.All(pairs, pair => Assert.Equal(pair[0], pair[^1]));
        var reports = pairs.Select(pair => pair[0]).ToList();
        Assert.Equal(reports.Count, reports.Distinct().Count());
        Assert.Empty(told.Accepted.Except(reports));
        Assert.Empty(reports.Intersect(told.Foreign));
        Assert.Empty(reports.Except(told.Accepted).Except(told.Unknown));

        // The last report that was stored is the one whose phase is shown.
        var last = (await rest.GetAsync($"/api/agents/runs/{run}")).Json.GetProperty("run");
        AssertWhole(last);
        Assert.Equal(reports[^1].ToString(CultureInfo.InvariantCulture), last.GetProperty("phase").GetString());
        Assert.True(told.Foreign.Count > 20, $"Only {told.Foreign.Count} foreign reports were tried.");
    }

    private sealed class Told
    {
        public int Numbers;

        public ConcurrentBag<int> Accepted { get; } = [];

        public ConcurrentBag<int> Foreign { get; } = [];

        public ConcurrentBag<int> Unknown { get; } = [];

        public List<int> Stored { get; } = [];
    }
}
