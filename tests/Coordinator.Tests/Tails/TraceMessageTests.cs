using Coordinator.Tails;
using System.Net;
using System.Text;

namespace Coordinator.Tests.Tails;

/// <summary>What a message keeps, what it is given, and what is none.</summary>
public sealed class TraceMessageTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);

    [Fact]
    public void Parse_WholeMessage_KeepsItToTheLetter()
    {
        const string Text =
            """{"zeta":1e2,"outcome":"exceededCpu","n":12345678901234567890.10,"scriptName":"own","exceptions":[],"logs":[],"eventTimestamp":1,"event":null,"a\u00e9":"\u00e9\/"}""";
        Assert.Equal(Text, Json(Text));
    }

    [Fact]
    public void Parse_EmptyObject_HasWhatReadersReachFor() => Assert.Equal(
        """{"outcome":"ok","scriptName":"s\u0022","exceptions":[],"logs":[],"eventTimestamp":1700000000123,"event":null}""", Json("{}", "s\""));

    [Fact]
    public void Parse_MembersOfWrongTypes_AreReplacedBehindTheRest() => Assert.Equal(
        """{"keep":0.10,"scriptName":"x","outcome":"ok","exceptions":[],"logs":[],"eventTimestamp":1700000000123,"event":null}""",
        Json("""{"logs":null,"keep":0.10,"event":"text","eventTimestamp":"now","exceptions":{},"scriptName":"x","outcome":3,"lo\u0067s":1}"""));

    [Theory]
    [InlineData("{ \"a b\" :\r\n\t[ 1 , \" \\\" } \" ] }", """{"a b":[1," \" } "]""")]
    [InlineData("""{"a":"\ud800","b":"\udc00\ud83d\ude00","c":"\\ud800","\uD801x":1}""", """{"a":"\ufffd","b":"\ufffd\ud83d\ude00","c":"\\ud800","\ufffdx":1""")]
    public void Parse_WhiteSpaceAndHalfPairs_OneLineThatIsUtf8(string text, string begins) => Assert.StartsWith(begins + ",\"outcome\"", Json(text));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{} {}")]
    [InlineData("{\"a\":NaN}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("\ufeff{}")]
    public void Parse_NoObject_IsRefused(string text) => Assert.Equal("events", Parse(text).Refusal?.Field);

    [Fact]
    public void Parse_NoUtf8_IsRefused() =>
        Assert.NotNull(TraceMessage.Parse((byte[])[.. "{\"a\":\""u8, 0xff, .. "\"}"u8], "s", Now).Refusal);

    [Theory]
    [InlineData(TraceMessage.MostDeep, true)]
    [InlineData(TraceMessage.MostDeep + 1, false)]
    public void Parse_Depth_IsBounded(int depth, bool taken)
    {
        var text = $"{{\"a\":{new string('[', depth - 1)}{new string(']', depth - 1)}}}";
        Assert.Equal(taken, Parse(text).Refusal is null);
    }

    [Theory]
    [InlineData(TraceMessage.MostBytes, true)]
    [InlineData(TraceMessage.MostBytes + 1, false)]
    public void Parse_Size_IsBounded(int bytes, bool taken) =>
        Assert.Equal(taken, Parse($"{{\"a\":\"{new string('x', bytes - 8)}\"}}").Refusal is null);

    [Fact]
    public void Accessors_Request_TellWhatFiltersAskFor()
    {
        var message = Parse("""
            {"outcome":"canceled","scriptVersion":{"id":"v1"},"logs":[{"message":["a",1.50,{"b":null}]},{"message":"plain"},7,{}],
            "event":{"request":{"method":"GET","headers":{"X-Real-IP":"::ffff:1.2.3.4","Other":5}}}}
            """).Value!;
        Assert.Equal("canceled", message.Outcome);
        Assert.Equal("GET", message.Method);
        Assert.Equal("v1", message.ScriptVersion);
        Assert.Equal("5", message.Header("oTHER"));
        Assert.Equal(IPAddress.Parse("1.2.3.4"), message.ClientIp);
        Assert.Equal(["a 1.50 {\"b\":null}", "plain", "", ""], message.LogTexts);
    }

    [Theory]
    [InlineData("""{"cf-connecting-ip":"10.0.0.1","x-real-ip":"10.0.0.2"}""", "10.0.0.1")]
    [InlineData("""{"cf-connecting-ip":"REDACTED"}""", null)]
    [InlineData("{}", null)]
    [InlineData("[]", null)]
    public void ClientIp_Headers_FirstThatThereIs(string headers, string? address) =>
        Assert.Equal(address, Parse($$$$"""{"event":{"request":{"headers":{{{{headers}}}}}}}""").Value!.ClientIp?.ToString());

    private static Coordinator.Leases.Outcome<TraceMessage> Parse(string text, string script = "s") =>
        TraceMessage.Parse(Encoding.UTF8.GetBytes(text), script, Now);

    private static string Json(string text, string script = "s") => Encoding.UTF8.GetString(Parse(text, script).Value!.Json.Span);
}
