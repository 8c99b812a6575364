using System.Text.Json;

namespace Coordinator.Gateway.Surfaces;

/// <summary><c>{"error":{"code","message","violations"?}}</c>, of whatever names no other.</summary>
internal sealed class DefaultEnvelope : Envelope
{
    public override string Name => "default";

    public override string Schema => """
        {"type":"object","required":["error"],"properties":{"error":{"type":"object","required":["code","message"],"properties":{
          "code":{"type":"string"},"message":{"type":"string"},
          "violations":{"type":"array","items":{"type":"object","properties":{"path":{"type":"string"},"message":{"type":"string"}}}}}}}}
        """;

    public override IReadOnlyList<Failure> Known => [Failure.MalformedJson, Failure.NoRoute, Failure.Internal];

    public override void WriteBody(Utf8JsonWriter json, Failure failure)
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("code", failure.Reason);
        json.WriteString("message", failure.Message);
        if (failure.Violations.Count > 0)
        {
            json.WriteStartArray("violations");
            foreach (var violation in failure.Violations)
            {
                json.WriteStartObject();
                json.WriteString("path", violation.DottedPath);
                json.WriteString("message", violation.Message);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    public override void WriteLimit(IHeaderDictionary headers, Limit limit) => WriteLimit(headers, limit, "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset");
}
