using Coordinator.Leases;
using Coordinator.Tails;
using System.Text;

namespace Coordinator.Tests.Tails;

/// <summary>Trees of filters on what live tails show.</summary>
public sealed class LiveFiltersTests
{
    private static readonly LiveFrame Shown = new(Encoding.UTF8.GetBytes(
        """{"$workers":{"outcome":"ok","cpuTimeMs":12.5},"source":{"message":["one","two"],"flag":true,"n":"42","gone":null,"a.b":1,"long":"x-7-y"}}"""));

    [Theory]
    [InlineData("$workers.outcome", "eq", "string", "\"ok\"", true)]
    [InlineData("$workers.outcome", "=", "string", "\"OK\"", false)]
    [InlineData("$workers.outcome", "neq", "string", "\"ok\"", false)]
    [InlineData("$workers.outcome", "!=", "string", "\"no\"", true)]
    [InlineData("$workers.outcome", "in", "string", "[\"a\",\"ok\"]", true)]
    [InlineData("$workers.outcome", "IN", "string", "\"a, ok\"", true)]
    [InlineData("$workers.outcome", "not_in", "string", "[\"a\"]", true)]
    [InlineData("$workers.outcome", "NOT_IN", "string", "\"ok\"", false)]
    [InlineData("source.message", "includes", "string", "\"wo\"", true)]
    [InlineData("source.message", "INCLUDES", "string", "\"three\"", false)]
    [InlineData("source.message", "not_includes", "string", "\"wo\"", false)]
    [InlineData("source.message", "DOES_NOT_INCLUDE", "string", "\"three\"", true)]
    [InlineData("source.message.1", "eq", "string", "\"two\"", true)]
    [InlineData("source.message.2", "eq", "string", "\"two\"", false)]
    [InlineData("source.message.x", "exists", "string", "0", false)]
    [InlineData("source.long", "starts_with", "string", "\"x-\"", true)]
    [InlineData("source.long", "STARTS_WITH", "string", "\"-y\"", false)]
    [InlineData("source.long", "ends_with", "string", "\"-y\"", true)]
    [InlineData("source.long", "ENDS_WITH", "string", "\"x-\"", false)]
    [InlineData("source.long", "regex", "string", "\"^x-\\\\d-y$\"", true)]
    [InlineData("source.long", "MATCH_REGEX", "string", "\"^\\\\d$\"", false)]
    [InlineData("source.long", "exists", "string", "null", true)]
    [InlineData("source.gone", "EXISTS", "string", "null", false)]
    [InlineData("source.gone", "is_null", "string", "null", true)]
    [InlineData("source.none.at.all", "DOES_NOT_EXIST", "string", "null", true)]
    [InlineData("source.none", "neq", "string", "\"a\"", true)]
    [InlineData("source.none", "lt", "number", "5", false)]
    [InlineData("source.a.b", "eq", "number", "1", true)]
    [InlineData("source.flag", "eq", "boolean", "true", true)]
    [InlineData("source.flag", "eq", "boolean", "\"false\"", false)]
    [InlineData("source.n", "eq", "number", "42", true)]
    [InlineData("source.long", "eq", "number", "42", false)]
    [InlineData("$workers.cpuTimeMs", "gt", "number", "12.5", false)]
    [InlineData("$workers.cpuTimeMs", ">", "number", "\"12\"", true)]
    [InlineData("$workers.cpuTimeMs", "gte", "number", "12.5", true)]
    [InlineData("$workers.cpuTimeMs", ">=", "number", "13", false)]
    [InlineData("$workers.cpuTimeMs", "lt", "number", "100", true)]
    [InlineData("$workers.cpuTimeMs", "<", "number", "12.5", false)]
    [InlineData("$workers.cpuTimeMs", "lte", "number", "12.5", true)]
    [InlineData("$workers.cpuTimeMs", "<=", "string", "\"12.4\"", false)]
    public void Matches_Leaf_Decides(string key, string operation, string type, string value, bool passes) =>
        Assert.Equal(passes, Compile($"[{Leaf(key, operation, type, value)}]").Value!.Matches(Shown));

    [Theory]
    [InlineData(null, false)]
    [InlineData("and", false)]
    [InlineData("AND", false)]
    [InlineData("or", true)]
    [InlineData("OR", true)]
    public void Matches_List_AsItIsCombined(string? combination, bool passes) =>
        Assert.Equal(passes, Compile($"[{Yes},{No}]", combination).Value!.Matches(Shown));

    [Fact]
    public void Matches_Groups_AsTheyAreCombined()
    {
        Assert.True(Compile($"[{Yes},{Group("or", No, Group("AND", Yes, Yes))}]").Value!.Matches(Shown));
        Assert.False(Compile($"[{Yes},{Group("OR", No, Group("and", Yes, No))}]").Value!.Matches(Shown));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    public void Matches_NoFilters_EverythingPasses(string filters) => Assert.True(Compile(filters, "or").Value!.Matches(Shown));

    [Theory]
    [InlineData("{}", "/filters")]
    [InlineData("[7]", "/filters/0")]
    [InlineData("""[{"kind":"leaf"}]""", "/filters/0/kind")]
    [InlineData("""[{"kind":null}]""", "/filters/0/kind")]
    [InlineData("""[{"operation":"eq","type":"string","value":"a"}]""", "/filters/0/key")]
    [InlineData("""[{"key":"a","operation":"like","type":"string","value":"a"}]""", "/filters/0/operation")]
    [InlineData("""[{"key":"a","operation":"eq","type":"date","value":"a"}]""", "/filters/0/type")]
    [InlineData("""[{"key":"a","operation":"eq","value":"a"}]""", "/filters/0/type")]
    [InlineData("""[{"key":"a","operation":"includes","type":"number","value":1}]""", "/filters/0/operation")]
    [InlineData("""[{"key":"a","operation":"gt","type":"boolean","value":true}]""", "/filters/0/operation")]
    [InlineData("""[{"key":"a","operation":"eq","type":"string"}]""", "/filters/0/value")]
    [InlineData("""[{"key":"a","operation":"eq","type":"string","value":1}]""", "/filters/0/value")]
    [InlineData("""[{"key":"a","operation":"eq","type":"number","value":"many"}]""", "/filters/0/value")]
    [InlineData("""[{"key":"a","operation":"in","type":"number","value":[1,"x"]}]""", "/filters/0/value/1")]
    [InlineData("""[{"key":"a","operation":"in","type":"number","value":[]}]""", "/filters/0/value")]
    [InlineData("""[{"key":"a","operation":"regex","type":"string","value":"("}]""", "/filters/0/value")]
    [InlineData("""[{"key":"a","operation":"regex","type":"string","value":"(?=a)"}]""", "/filters/0/value")]
    [InlineData("""[{"key":"a","operation":"regex","type":"string","value":"(a)\\1"}]""", "/filters/0/value")]
    [InlineData("""[{"kind":"group","filters":[]}]""", "/filters/0/filterCombination")]
    [InlineData("""[{"kind":"group","filterCombination":"and","filters":[]}]""", "/filters/0/filters")]
    [InlineData("""[{"kind":"group","filterCombination":"and"}]""", "/filters/0/filters")]
    [InlineData("""[{"kind":"group","filterCombination":"and","filters":[{"key":"a","operation":"eq","type":"x"}]}]""", "/filters/0/filters/0/type")]
    public void Compile_BadFilter_IsRefusedWithItsPlace(string filters, string place)
    {
        var refusal = Compile(filters).Refusal;
        Assert.Equal((RefusalKind.InvalidField, place), (refusal!.Kind, refusal.Field));
    }

    [Fact]
    public void Compile_BadCombination_IsRefused() => Assert.Equal("/filterCombination", Compile("[]", "xor").Refusal!.Field);

    [Fact]
    public void Compile_Depth_IsBounded()
    {
        static string Nested(int deep) => $"[{Enumerable.Range(1, deep - 1).Aggregate(Yes, (inner, _) => Group("and", inner))}]";
        Assert.Null(Compile(Nested(LiveFilters.MostDeep)).Refusal);
        Assert.StartsWith("/filters/0/filters/0", Compile(Nested(LiveFilters.MostDeep + 1)).Refusal!.Field);
    }

    [Fact]
    public void Compile_Counts_AreBounded()
    {
        var half = Group("and", [.. Enumerable.Repeat(Yes, LiveFilters.MostNodes / 2)]);
        Assert.Equal("/filters", Compile($"[{string.Join(',', Enumerable.Repeat(Yes, LiveFilters.MostNodes + 1))}]").Refusal!.Field);
        Assert.Equal($"/filters/1/filters/{(LiveFilters.MostNodes / 2) - 2}", Compile($"[{half},{half}]").Refusal!.Field);
        var pattern = Leaf("a", "regex", "string", "\"a\"");
        Assert.Equal($"/filters/{LiveFilters.MostPatterns}", Compile($"[{string.Join(',', Enumerable.Repeat(pattern, LiveFilters.MostPatterns + 1))}]").Refusal!.Field);
    }

    private static string Yes => Leaf("$workers.outcome", "eq", "string", "\"ok\"");

    private static string No => Leaf("$workers.outcome", "eq", "string", "\"no\"");

    private static string Leaf(string key, string operation, string type, string value) =>
        $$"""{"kind":"filter","key":"{{key}}","operation":"{{operation}}","type":"{{type}}","value":{{value}}}""";

    private static string Group(string combination, params string[] filters) =>
        $$"""{"kind":"group","filterCombination":"{{combination}}","filters":[{{string.Join(',', filters)}}]}""";

    private static Outcome<LiveFilters> Compile(string filters, string? combination = null) =>
        LiveFilters.Compile(Encoding.UTF8.GetBytes(filters), combination);
}
