using Coordinator.Client;
using Coordinator.Client.Tails;
using System.Text;
using System.Text.Json;

namespace Client.Tests.Tails;

/// <summary>Trace messages, byte for byte.</summary>
public sealed class TraceJsonTests
{
    private static readonly DateTimeOffset At = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_123);

    public static TheoryData<string, TraceTrigger> Triggers => new()
    {
        {
            """{"request":{"url":"https://a.test/?q=1&r=<é>","method":"GET","headers":{"X-Id":"7"},"cf":{"colo":"AMS"}},"response":{"status":404}}""",
            new RequestTrigger("https://a.test/?q=1&r=<é>", "GET", 404)
            {
                Headers = new Dictionary<string, string> { ["X-Id"] = "7" },
                Cf = JsonSerializer.Deserialize<JsonElement>("""{"colo":"AMS"}"""),
            }
        },
        { """{"request":{"url":"/","method":"PUT","headers":{},"cf":{}}}""", new RequestTrigger("/", "PUT") },
        { """{"cron":"*/5 * * * *","scheduledTime":1790000000123}""", new ScheduledTrigger("*/5 * * * *", At) },
        { """{"scheduledTime":"2026-09-21T14:13:20.123Z"}""", new AlarmTrigger(At.ToOffset(TimeSpan.FromHours(2))) },
        { """{"queue":"jobs","batchSize":3}""", new QueueTrigger("jobs", 3) },
        { """{"mailFrom":"a@a.test","rcptTo":"b@b.test","rawSize":5000000000}""", new EmailTrigger("a@a.test", "b@b.test", 5_000_000_000) },
        { """{"consumedEvents":[{"scriptName":"one"},{"scriptName":null}]}""", new TailTrigger("one", null) },
        { """{"rpcMethod":"get"}""", new RpcTrigger("get") },
    };

    [Theory]
    [MemberData(nameof(Triggers))]
    public void Write_EachTrigger_IsItsEvent(string expected, TraceTrigger trigger) =>
        Assert.Equal(
            $$"""{"outcome":"ok","scriptName":"api","exceptions":[],"logs":[],"eventTimestamp":1790000000123,"event":{{expected}}}""",
            Written(new() { Event = trigger }));

    [Fact]
    public void Write_NothingGiven_HasEmptyListsAndNoEvent() =>
        Assert.Equal("""{"outcome":"ok","scriptName":"api","exceptions":[],"logs":[],"eventTimestamp":1790000000123,"event":null}""", Written(new()));

    [Fact]
    public void Write_EverythingGiven_IsInTheDocumentedOrder()
    {
        var earlier = At - TimeSpan.FromSeconds(1);
        Assert.Equal(
            """{"outcome":"exception","scriptName":"api","entrypoint":"Room","exceptions":[{"name":"Error","message":"no","timestamp":1789999999123,"stack":"at x"},{"name":"E","message":"","timestamp":1790000000123}],"logs":[{"message":["a",1,true,null,1.5,{"b":[]},"NaN","00:00:01"],"level":"warn","timestamp":1789999999123}],"eventTimestamp":1789999999123,"event":null,"scriptVersion":{"id":"v1"},"truncated":true,"executionModel":"stateless","wallTime":1500,"cpuTime":7}""",
            Written(new()
            {
                Outcome = TraceOutcome.Exception,
                Entrypoint = "Room",
                Exceptions = [new("Error", "no", "at x") { Timestamp = earlier }, new("E", "")],
                Logs = [new(TraceLevel.Warn, "a", 1L, true, null, 1.5, JsonSerializer.Deserialize<JsonElement>("""{"b":[]}"""), double.NaN, TimeSpan.FromSeconds(1)) { Timestamp = earlier }],
                EventTimestamp = earlier,
                ScriptVersion = "v1",
                Truncated = true,
                ExecutionModel = "stateless",
                WallTime = TimeSpan.FromSeconds(1.5),
                CpuTime = TimeSpan.FromMilliseconds(7.9),
            }));
    }

    [Theory]
    [InlineData(TraceOutcome.Ok, "ok")]
    [InlineData(TraceOutcome.Canceled, "canceled")]
    [InlineData(TraceOutcome.Exception, "exception")]
    [InlineData(TraceOutcome.ExceededCpu, "exceededCpu")]
    [InlineData(TraceOutcome.ExceededMemory, "exceededMemory")]
    [InlineData(TraceOutcome.Unknown, "unknown")]
    public void Write_EachOutcome_HasItsWord(TraceOutcome outcome, string word) =>
        Assert.StartsWith($$"""{"outcome":"{{word}}",""", Written(new() { Outcome = outcome }), StringComparison.Ordinal);

    [Fact]
    public void Write_HalfASurrogate_IsStillJson()
    {
        using var read = JsonDocument.Parse(TraceJson.Write("api", new() { Logs = [new(TraceLevel.Log, "a\ud800b\0\n\u2028")] }, At));
        Assert.Equal("a\ufffdb\0\n\u2028", read.RootElement.GetProperty("logs")[0].GetProperty("message")[0].GetString());
    }

    [Fact]
    public void From_ExceptionsInsideOthers_AreListedAndBounded()
    {
        var thrown = new AggregateException("all", new InvalidOperationException("one", new FormatException("deep")), new TimeoutException("two"));
        Assert.Equal(
            ["AggregateException", "InvalidOperationException", "TimeoutException", "FormatException"],
            TraceError.From(thrown).Select(error => error.Name));
        Assert.Equal(10, TraceError.From(new AggregateException(Enumerable.Range(0, 100).Select(_ => new TimeoutException()))).Count);
    }

    private static string Written(TraceEvent trace) => Encoding.UTF8.GetString(TraceJson.Write("api", trace, At));
}
