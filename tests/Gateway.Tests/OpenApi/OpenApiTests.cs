using Coordinator.Gateway.OpenApi;
using Coordinator.Gateway.Transcoding;
using Coordinator.Gateway.Transcoding.Routes;
using Gateway.Tests.Harness;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gateway.Tests.OpenApi;

/// <summary>The description of the routes, against the routes.</summary>
public sealed class OpenApiTests : GatewayTests
{
    private static readonly RouteTable Routes = new(Services.Files);
    private static readonly JsonObject Document = JsonNode.Parse(new OpenApiDocument(Routes).Utf8.Span)!.AsObject();

    [Fact]
    public void Document_EveryRoute_IsInIt()
    {
        foreach (var binding in Routes.Bindings)
        {
            var operation = Document["paths"]![Operations.PathOf(binding)]![binding.HttpMethod.ToLowerInvariant()]!;
            Assert.NotEqual("", operation["summary"]!.GetValue<string>());
            Assert.NotNull(operation["responses"]!["200"]!["content"]![binding.Streams ? "text/event-stream" : "application/json"]);
            Assert.NotNull(operation["responses"]!["401"]!["content"]!["application/json"]!["example"]);
        }
    }

    [Fact]
    public void Document_EveryReference_LeadsSomewhere()
    {
        var schemas = Document["components"]!["schemas"]!.AsObject();
        var references = All(Document).Where(node => node.Key == "$ref").Select(node => node.Value!.GetValue<string>()).ToList();
        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.True(schemas.ContainsKey(reference.Replace("#/components/schemas/", "", StringComparison.Ordinal)), reference));
    }

    [Fact]
    public void Document_EveryOperation_HasANameOfItsOwn()
    {
        var names = All(Document["paths"]!).Where(node => node is { Key: "operationId", Value: JsonValue }).Select(node => node.Value!.GetValue<string>()).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
    }

    [Fact]
    public async Task Document_EveryExampleOfARequest_IsAccepted()
    {
        var examples = Routes.Bindings.Where(binding => binding.Operation.ExampleRequest.Length > 0).ToList();
        Assert.NotEmpty(examples);
        foreach (var binding in examples)
        {
            var id = binding.Envelope.Name == "workers" ? "wrk_01jj0000000000000000000000" : "0190a3f0-0000-7000-8000-000000000001";
            var path = Operations.PathOf(binding).Replace("{id}", id, StringComparison.Ordinal);
            var answer = await Gateway.SendAsync(new(binding.HttpMethod), path, binding.Operation.ExampleRequest);
            Assert.True(answer.Status == 200, $"{path}: {answer.Body}");
        }
    }

    [Theory]
    [InlineData("Run", "phase", """{"type":["string","null"]}""")]
    [InlineData("Run", "claimed_at", """{"type":["string","null"],"format":"date-time"}""")]
    [InlineData("RunEvent", "sequence", """{"type":"integer"}""")]
    [InlineData("RunEvent", "fencing_token", """{"type":"string","pattern":"^-?[0-9]\u002B$"}""")]
    [InlineData("Tunnel", "lease", """{"anyOf":[{"$ref":"#/components/schemas/TunnelLease"},{"type":"null"}]}""")]
    [InlineData("RunReportedEventInput", "payload", """{"type":"object"}""")]
    public void Schema_OfAField_SaysItsDialect(string message, string field, string schema) =>
        Assert.Equal(schema, Document["components"]!["schemas"]![message]!["properties"]![field]!.ToJsonString());

    [Fact]
    public void Schema_OfARequest_SaysItsRules()
    {
        var body = Document["paths"]!["/api/agents/runs/{id}/events"]!["post"]!["requestBody"]!["content"]!["application/json"]!["schema"]!;
        Assert.Equal("""["worker_id"]""", body["required"]!.ToJsonString());
        Assert.Null(body["properties"]!["id"]);
        Assert.Equal("""{"type":"integer","minimum":1,"maximum":3600}""", body["properties"]!["lease_seconds"]!.ToJsonString());
        Assert.Equal(100, body["properties"]!["events"]!["maxItems"]!.GetValue<int>());
    }

    [Fact]
    public async Task Get_TheDocument_NeedsNoCredential()
    {
        var answer = await Gateway.GetAsync("/openapi.json");
        Assert.Equal((200, "application/json"), (answer.Status, answer.Header("content-type")));
        using var json = JsonDocument.Parse(answer.Body);
        Assert.Equal("3.1.0", json.RootElement.GetProperty("openapi").GetString());
        Assert.Equal(405, (await Gateway.PostAsync("/openapi.json", "{}")).Status);
        Assert.Empty(Coordinator.Asked);
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> All(JsonNode? node) => node switch
    {
        JsonObject of => of.SelectMany(member => All(member.Value).Prepend(member)),
        JsonArray of => of.SelectMany(All),
        _ => [],
    };
}
