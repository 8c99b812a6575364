using Coordinator.Client;
using Coordinator.Testing;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>What <c>wrangler tail</c> prints of what the sample worker emits: thirteen kinds of events in turn.</summary>
public sealed class WranglerTests(WranglersWorld world) : IClassFixture<WranglersWorld>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(45);
    private static readonly string[] Kinds =
    [
        "GET", "POST", "canceled", "exceededCpu", "exceededMemory", "cron", "scheduledTime", "queue", "mailFrom", "rpcMethod", "consumedEvents", "unknown", "null",
    ];

    [Fact]
    public async Task Json_ShowsEveryKindInOrder()
    {
        var events = await world["all"].EventsAsync(seen => Kinds.All(seen.Select(Kind).Contains), Bound, "every kind of event is shown");
        Assert.Equal(events.Select(At).Order(), events.Select(At));
        Assert.All(events, one => Assert.Equal("demo-worker", one.GetProperty("scriptName").GetString()));
        Assert.All(events, one => Assert.Equal((JsonValueKind.Array, JsonValueKind.Array), (one.GetProperty("logs").ValueKind, one.GetProperty("exceptions").ValueKind)));
        var failed = events.First(one => Kind(one) == "POST");
        Assert.Equal(("exception", "InvalidOperationException", 500), (failed.GetProperty("outcome").GetString(), failed.GetProperty("exceptions")[0].GetProperty("name").GetString(),
            failed.GetProperty("event").GetProperty("response").GetProperty("status").GetInt32()));
        var lines = events.First(one => Kind(one) == "null").GetProperty("logs").EnumerateArray().Select(log => log.GetProperty("level").GetString());
        Assert.Equal(["debug", "info", "log", "warn", "error"], lines);
    }

    [Fact]
    public async Task Pretty_ShowsEveryKind()
    {
        string[] shown =
        [
            "Successfully created tail, expires at ", "Connected to demo-worker, waiting for logs...", "GET https://example.test/items/", "POST https://example.test/items - Exception Thrown",
            "GET https://example.test/slow - Canceled", "GET https://example.test/sum - Exceeded CPU Limit", "GET https://example.test/all - Exceeded Memory Limit",
            "\"*/5 * * * *\" @ ", "Alarm @ ", "Queue jobs (10 messages) - Ok", "Email from:ann@example.test to:bob@example.test", "Items.getItem - Ok", "Tailing demo-api,demo-site - Ok",
            "(error) a line of Error", "InvalidOperationException: item ",
        ];
        var pretty = world["pretty"];
        await Eventually.TrueAsync(() => pretty.Process.HasExited || shown.All(text => pretty.Lines.Any(line => line.Contains(text, StringComparison.Ordinal))), Bound, "every kind of event is shown");
        Assert.False(pretty.Process.HasExited, string.Join('\n', pretty.Lines));
    }

    [Theory]
    [InlineData("no account", 1, "")] // asks whose the credential is
    [InlineData("status", 3, "POST exceededCpu exceededMemory unknown")]
    [InlineData("method", 3, "GET canceled exceededCpu exceededMemory")]
    [InlineData("search", 1, "queue")]
    [InlineData("header", 1, "GET")]
    [InlineData("sampling", 1, "")]
    [InlineData("ip", 1, "GET")]
    public async Task Filters_ShowOnlyWhatPasses(string wrangler, int kinds, string passing)
    {
        var events = await world[wrangler].EventsAsync(seen => seen.Select(Kind).Distinct().Count() >= kinds, Bound, $"{kinds} kinds of events are shown");
        Assert.All(events.Select(Kind), kind => Assert.Contains(kind, passing.Length == 0 ? Kinds : passing.Split(' ')));
    }

    // Each round begins with what others send: shown, it would be there before the caller's own.
    [Fact]
    public async Task IpSelf_ShowsWhatComesFromTheCallerAndNothingOfOthers()
    {
        var (self, traces) = (world["self"], world.OwnTraces);
        await Eventually.TrueAsync(
            () =>
            {
                traces.Publish(() => From("192.0.2.7"));
                traces.Publish(() => new() { Event = new RpcTrigger("nobody's") });
                traces.Publish(() => From("127.0.0.1"));
                return self.Process.HasExited || self.Events().Count > 2;
            },
            Bound,
            "what comes from the caller's own address is shown");
        Assert.All(
            await self.EventsAsync(_ => true, Bound, "it runs"),
            one => Assert.Equal("127.0.0.1", one.GetProperty("event").GetProperty("request").GetProperty("headers").GetProperty("cf-connecting-ip").GetString()));
    }

    // Six deviations of the binomial on either side: one run in some hundred million fails by chance.
    [Fact]
    public async Task SamplingRate_ShowsThatShare()
    {
        const int Emitted = 3_000;
        const double Rate = 0.3;
        var (share, traces) = (world["share"], world.ManyTraces);
        await share.ShowsAsync("Connected to many-worker", Bound);
        await Eventually.TrueAsync(() => traces.IsTailed, Bound, "the worker is told");
        Assert.Equal(Rate, traces.SamplingRate, 6);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var sent = 0; sent < Emitted && await pace.WaitForNextTickAsync();)
        {
            for (var end = sent + 100; sent < end; sent++)
            {
                traces.Publish(() => new() { Event = new RpcTrigger("counted"), Entrypoint = "Share" });
            }
        }

        await Eventually.TrueAsync(
            () =>
            {
                traces.Publish(() => new() { Event = new RpcTrigger("last"), Entrypoint = "Share" });
                return share.Process.HasExited || share.Shown("Share.last - Ok") > 0;
            },
            Bound,
            "what was emitted last is shown");
        var deviation = Math.Sqrt(Emitted * Rate * (1 - Rate));
        Assert.InRange(share.Shown("Share.counted - Ok"), (Emitted * Rate) - (6 * deviation), (Emitted * Rate) + (6 * deviation));
        Assert.Equal((0, 0), (traces.Dropped, share.Shown("sampling mode")));
    }

    private static TraceEvent From(string address) =>
        new() { Event = new RequestTrigger("https://example.test/", "GET", 200) { Headers = new Dictionary<string, string> { ["cf-connecting-ip"] = address } } };

    private static long At(JsonElement message) => message.GetProperty("eventTimestamp").GetInt64();

    // What tells the kinds apart: the outcome where it is none of the common ones, else what the event has.
    private static string Kind(JsonElement message)
    {
        var (outcome, cause) = (message.GetProperty("outcome").GetString()!, message.GetProperty("event"));
        return outcome is not ("ok" or "exception") ? outcome
            : cause.ValueKind == JsonValueKind.Null ? "null"
            : cause.TryGetProperty("request", out var request) ? request.GetProperty("method").GetString()!
            : cause.EnumerateObject().First().Name;
    }
}
