using Coordinator.Leases;
using Coordinator.Tails;
using System.Net;
using System.Text;

namespace Coordinator.Tests.Tails;

/// <summary>Filters as wrangler sends them.</summary>
public sealed class TailFiltersTests
{
    private const string Message = """
        {"outcome":"exceededCpu","scriptVersion":{"id":"v1"},"logs":[{"message":["hello","World"]}],
        "event":{"request":{"method":"GET","headers":{"x-color":"dark blue","cf-connecting-ip":"192.0.2.7"}}}}
        """;

    [Theory]
    [InlineData("null", true)]
    [InlineData("[]", true)]
    [InlineData("""[{"sampling_rate":0}]""", true)]
    [InlineData("""[{"outcome":["ok"]}]""", false)]
    [InlineData("""[{"outcome":["exception","exceededCpu","exceededMemory","unknown"]}]""", true)]
    [InlineData("""[{"outcome":[]}]""", true)]
    [InlineData("""[{"method":["POST","get"]}]""", true)]
    [InlineData("""[{"method":["POST"]}]""", false)]
    [InlineData("""[{"header":{"key":"X-Color"}}]""", true)]
    [InlineData("""[{"header":{"key":"X-Color","query":"blue"}}]""", true)]
    [InlineData("""[{"header":{"key":"X-Color","query":"red"}}]""", false)]
    [InlineData("""[{"header":{"key":"X-Other"}}]""", false)]
    [InlineData("""[{"client_ip":["self"]}]""", true)]
    [InlineData("""[{"client_ip":["192.0.2.8"]}]""", false)]
    [InlineData("""[{"client_ip":["::ffff:192.0.2.7"]}]""", true)]
    [InlineData("""[{"query":"lo Wor"}]""", true)]
    [InlineData("""[{"query":"LO"}]""", false)]
    [InlineData("""[{"scriptVersion":"v1"}]""", true)]
    [InlineData("""[{"scriptVersion":"v2"}]""", false)]
    [InlineData("""[{"method":["GET"]},{"query":"absent"}]""", false)]
    [InlineData("""[{"method":["GET"],"query":"absent"}]""", false)]
    public void Matches_Filter_Decides(string filters, bool passes) =>
        Assert.Equal(passes, Compile(filters).Value!.Matches(Trace(Message)));

    [Theory]
    [InlineData("""[{"client_ip":["self"]}]""")]
    [InlineData("""[{"method":["GET"]}]""")]
    [InlineData("""[{"header":{"key":"a"}}]""")]
    [InlineData("""[{"query":"a"}]""")]
    [InlineData("""[{"scriptVersion":"v"}]""")]
    public void Matches_MessageWithoutTheThing_DoesNotPass(string filters) =>
        Assert.False(Compile(filters).Value!.Matches(Trace("""{"event":{"cron":"* * * * *"}}""")));

    [Fact]
    public void Matches_OutcomeOfNoKnownKind_IsUnknown() =>
        Assert.True(Compile("""[{"outcome":["unknown"]}]""").Value!.Matches(Trace("""{"outcome":"scriptNotFound"}""")));

    [Fact]
    public void Matches_SelfWithoutAnAddress_NothingPasses() =>
        Assert.False(Compile("""[{"client_ip":["self"]}]""", self: null).Value!.Matches(Trace(Message)));

    [Theory]
    [InlineData("[]", 1)]
    [InlineData("""[{"sampling_rate":0.25}]""", 0.25)]
    [InlineData("""[{"sampling_rate":0.5},{"method":["GET"]},{"sampling_rate":0.1}]""", 0.1)]
    public void SamplingRate_Filters_IsTheSmallest(string filters, double rate) => Assert.Equal(rate, Compile(filters).Value!.SamplingRate);

    [Theory]
    [InlineData("{}", "/filters")]
    [InlineData("x", "/filters")]
    [InlineData("[1]", "/filters/0")]
    [InlineData("[{}]", "/filters/0")]
    [InlineData("""[{"query":"a"},{"method":["GET"]},{"sampling_rate":1.5}]""", "/filters/2/sampling_rate")]
    [InlineData("""[{"sampling_rate":-0.1}]""", "/filters/0/sampling_rate")]
    [InlineData("""[{"sampling_rate":1e999}]""", "/filters/0/sampling_rate")]
    [InlineData("""[{"sampling_rate":"1"}]""", "/filters/0/sampling_rate")]
    [InlineData("""[{"sampling_rate":null}]""", "/filters/0/sampling_rate")]
    [InlineData("""[{"outcome":"ok"}]""", "/filters/0/outcome")]
    [InlineData("""[{"outcome":["ok","error"]}]""", "/filters/0/outcome/1")]
    [InlineData("""[{"method":[1]}]""", "/filters/0/method/0")]
    [InlineData("""[{"header":"x"}]""", "/filters/0/header/key")]
    [InlineData("""[{"header":{"key":""}}]""", "/filters/0/header/key")]
    [InlineData("""[{"header":{"key":"a","query":1}}]""", "/filters/0/header/query")]
    [InlineData("""[{"client_ip":["self","1"]}]""", "/filters/0/client_ip/1")]
    [InlineData("""[{"client_ip":["example.org"]}]""", "/filters/0/client_ip/0")]
    [InlineData("""[{"query":["a"]}]""", "/filters/0/query")]
    [InlineData("""[{"scriptVersion":""}]""", "/filters/0/scriptVersion")]
    [InlineData("""[{"no/such~one":1}]""", "/filters/0/no~1such~0one")]
    public void Compile_BadFilter_IsRefusedWithItsPlace(string filters, string place)
    {
        var refusal = Compile(filters).Refusal;
        Assert.Equal((RefusalKind.InvalidField, place), (refusal!.Kind, refusal.Field));
        Assert.StartsWith(place + ": ", refusal.Message);
    }

    [Fact]
    public void Compile_TooMany_IsRefused()
    {
        Assert.Equal("/filters", Compile(Repeat("""{"query":"a"}""", TailFilters.MostFilters + 1)).Refusal!.Field);
        Assert.Equal("/filters/0/method", Compile($$"""[{"method":{{Repeat("\"GET\"", TailFilterKinds.MostValues + 1)}}}]""").Refusal!.Field);
        Assert.Equal("/filters/0/query", Compile($$"""[{"query":"{{new string('a', TailFilterKinds.MostText + 1)}}"}]""").Refusal!.Field);
        Assert.Equal("/filters", Compile($"[]{new string(' ', TailFilters.MostBytes)}").Refusal!.Field);
    }

    private static string Repeat(string entry, int count) => $"[{string.Join(',', Enumerable.Repeat(entry, count))}]";

    private static Outcome<TailFilters> Compile(string filters) => Compile(filters, IPAddress.Parse("192.0.2.7"));

    private static Outcome<TailFilters> Compile(string filters, IPAddress? self) => TailFilters.Compile(Encoding.UTF8.GetBytes(filters), self);

    private static TraceMessage Trace(string text) => TraceMessage.Parse(Encoding.UTF8.GetBytes(text), "s", DateTimeOffset.UnixEpoch).Value!;
}
