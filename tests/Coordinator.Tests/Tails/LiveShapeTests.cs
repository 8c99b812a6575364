using Coordinator.Tails;
using System.Text;

namespace Coordinator.Tests.Tails;

/// <summary>Messages as live tails show them.</summary>
public sealed class LiveShapeTests
{
    [Fact]
    public void Frames_Request_InvocationThenLogsThenExceptions()
    {
        const string Log = """{"message":["a",1.50],"level":"warn","timestamp":1001}""";
        const string Thrown = """{"name":"Error","message":"boom <é>","timestamp":1002}""";
        const string Text = $$$$"""{"outcome":"exception","scriptName":"s","exceptions":[{{{{Thrown}}}}],"logs":[{{{{Log}}}}],"eventTimestamp":1000.50,"event":{"request":{"url":"https://h/p","method":"GET","headers":{"CF-Ray":"r1"}}},"wallTime":7,"cpuTime":0.30}""";
        const string Workers = """
            "$workers":{"scriptName":"s","outcome":"exception","eventType":"fetch","requestId":"r1","wallTimeMs":7,"cpuTimeMs":0.30}
            """;
        Assert.Equal(
            [
                $$$$"""{"timestamp":1000.50,"$metadata":{"id":"i-0","service":"s","level":"error","message":"GET https://h/p","type":"cf-worker-event"},{{{{Workers}}}},"source":{{{{Text}}}}}""",
                $$$$"""{"timestamp":1001,"$metadata":{"id":"i-1","service":"s","level":"warn","message":"a 1.50","type":"cf-worker"},{{{{Workers}}}},"source":{{{{Log}}}}}""",
                $$$$"""{"timestamp":1002,"$metadata":{"id":"i-2","service":"s","level":"error","message":"Error: boom <é>","type":"cf-worker"},{{{{Workers}}}},"source":{{{{Thrown}}}}}""",
            ],
            Frames(Text).Select(frame => Encoding.UTF8.GetString(frame.Json.Span)));
    }

    [Theory]
    [InlineData("""{"cron":"* * * * *","scheduledTime":1}""", "scheduled", "* * * * *")]
    [InlineData("""{"scheduledTime":"2026-01-01T00:00:00Z"}""", "alarm", "2026-01-01T00:00:00Z")]
    [InlineData("""{"queue":"q","batchSize":2}""", "queue", "q")]
    [InlineData("""{"mailFrom":"a@b","rcptTo":"c@d","rawSize":1}""", "email", "a@b")]
    [InlineData("""{"consumedEvents":[]}""", "tail", "tail")]
    [InlineData("""{"rpcMethod":"m"}""", "rpc", "m")]
    [InlineData("""{"message":"note","type":"overload"}""", "info", "note")]
    [InlineData("null", "unknown", "")]
    public void Frames_Event_TellsItsTypeInALine(string text, string type, string line)
    {
        var root = Assert.Single(Frames($$"""{"event":{{text}}}""")).Root;
        Assert.Equal(type, root.GetProperty("$workers").GetProperty("eventType").GetString());
        Assert.Equal(line, root.GetProperty("$metadata").GetProperty("message").GetString());
    }

    [Fact]
    public void Frames_StrangeLogs_AreShownAsTheyAre()
    {
        var frames = Frames("""{"eventTimestamp":5,"logs":[7,{"message":"m","level":null,"timestamp":"t"}],"exceptions":["text"]}""");
        Assert.Equal(["7", """{"message":"m","level":null,"timestamp":"t"}""", "\"text\""], frames.Skip(1).Select(frame => frame.Root.GetProperty("source").GetRawText()));
        Assert.All(frames, frame => Assert.Equal(5, frame.Root.GetProperty("timestamp").GetInt32()));
    }

    [Fact]
    public void Frames_LongLine_IsCutBetweenCharacters()
    {
        var log = $$"""{"message":["{{new string('x', LiveShape.MostLine - 1)}}\ud83d\ude00"]}""";
        var root = Frames($$"""{"logs":[{{log}}]}""")[1].Root;
        Assert.Equal(new string('x', LiveShape.MostLine - 1), root.GetProperty("$metadata").GetProperty("message").GetString());
        Assert.Equal(log, root.GetProperty("source").GetRawText());
    }

    [Fact]
    public void Frames_Count_IsBounded() =>
        Assert.Equal(LiveShape.MostDetails + 1, Frames($$"""{"logs":[{{string.Join(',', Enumerable.Repeat("{}", 1_000))}}]}""").Count);

    private static IReadOnlyList<LiveFrame> Frames(string text) =>
        LiveShape.Frames(TraceMessage.Parse(Encoding.UTF8.GetBytes(text), "s", DateTimeOffset.UnixEpoch).Value!, "i");
}
