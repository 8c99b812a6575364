using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Transcoding.Routes;
using System.Text;
using System.Text.Json.Nodes;

namespace Coordinator.Gateway.OpenApi;

/// <summary>The routes as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), from the same descriptors that serve them.</summary>
internal sealed class OpenApiDocument
{
    private readonly JsonObject _schemas = [];
    private readonly JsonObject _security = new() { ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } };

    public OpenApiDocument(RouteTable routes)
    {
        var operations = new Operations(_schemas);
        var paths = new JsonObject();
        foreach (var path in routes.Bindings.GroupBy(Operations.PathOf))
        {
            var item = new JsonObject();
            // OpenAPI has a name for these alone; another HTTP method is served and not described.
            foreach (var verb in path.GroupBy(binding => binding.HttpMethod).Where(verb => verb.Key is "GET" or "PUT" or "POST" or "DELETE" or "PATCH"))
            {
                item[verb.Key.ToLowerInvariant()] = operations.Of([.. verb]);
            }

            paths[path.Key] = item;
        }

        foreach (var envelope in routes.Bindings.Select(binding => binding.Envelope).Distinct())
        {
            Add(envelope);
        }

        var document = new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Coordinator", ["version"] = "1", ["description"] = "Leases for fleets of workers, over REST." },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = _schemas, ["securitySchemes"] = _security },
        };
        Utf8 = Encoding.UTF8.GetBytes(document.ToJsonString());
    }

    /// <summary>The document as JSON.</summary>
    public ReadOnlyMemory<byte> Utf8 { get; }

    private void Add(Envelope envelope)
    {
        _schemas[Operations.ErrorOf(envelope)] = JsonNode.Parse(envelope.Schema);
        foreach (var header in envelope.TokenHeaders)
        {
            _security[header.Name] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = header.Name };
        }
    }
}
