using System.Text.Json;

namespace Coordinator.Gateway.Surfaces;

/// <summary><c>{"code","message","details"?}</c></summary>
internal sealed class TunnelsEnvelope : Envelope
{
    private const string InvalidInput = "INVALID_INPUT";

    public override string Name => "tunnels";

    public override string Schema => """
        {"type":"object","required":["code","message"],"properties":{
          "code":{"type":"string"},"message":{"type":"string"},"details":{"type":"object"}}}
        """;

    public override IReadOnlyList<Failure> Known =>
    [
        new(400, Reasons.InvalidTunnelId, "Tunnel identifier is required."),
        new(401, Reasons.CredentialMissing, ""),
        new(403, Reasons.CredentialNotBound, ""),
        new(404, Reasons.TunnelNotFound, ""),
        new(409, Reasons.SlugConflict, ""),
        new(429, "RATE_LIMITED", "") { RetryAfter = 1 },
        new(503, Reasons.CoordinatorAway, "") { RetryAfter = 1 },
        Failure.Internal,
    ];

    public override void WriteLimit(IHeaderDictionary headers, Limit limit) => WriteLimit(headers, limit, "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset");

    public override void WriteBody(Utf8JsonWriter json, Failure failure)
    {
        var (code, message) = TextOf(failure);
        json.WriteStartObject();
        json.WriteString("code", code);
        json.WriteString("message", message);
        if (failure.Reason == Reasons.TunnelLimit)
        {
            json.WriteStartObject("details");
            WriteNumber(json, "activeCount", failure, "active_count");
            WriteNumber(json, "maxActive", failure, "max_active");
            json.WriteEndObject();
        }
        else if (code == InvalidInput && failure.Violations.Count > 0)
        {
            WriteViolations(json, failure);
        }

        json.WriteEndObject();
    }

    // What zod calls a flattened error: by the outermost name, and what has none.
    private static void WriteViolations(Utf8JsonWriter json, Failure failure)
    {
        json.WriteStartObject("details");
        json.WriteStartArray("formErrors");
        foreach (var violation in failure.Violations.Where(violation => violation.Path.Count == 0))
        {
            json.WriteStringValue(violation.Message);
        }

        json.WriteEndArray();
        json.WriteStartObject("fieldErrors");
        foreach (var field in failure.Violations.Where(violation => violation.Path.Count > 0).GroupBy(violation => violation.Path[0]))
        {
            json.WriteStartArray((string)field.Key);
            foreach (var violation in field)
            {
                json.WriteStringValue(violation.Message);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static (string Code, string Message) TextOf(Failure failure) => (failure.Status, failure.Reason) switch
    {
        (400, Reasons.InvalidTunnelId) => (Reasons.InvalidTunnelId, failure.Message),
        (400, Reasons.BadPath) => (Reasons.InvalidTunnelId, failure.Message),
        (400, Reasons.InvalidSlug) => (Reasons.InvalidSlug, failure.Message),
        (400, Reasons.InvalidField or Reasons.MalformedJson) => (InvalidInput, $"Invalid tunnel {(failure.Method?.Name == "Create" ? "creation" : "request")} payload."),
        (400, _) => (InvalidInput, failure.Message),
        (401, Reasons.CredentialMissing) => ("MISSING_AUTH", "Missing bearer access token."),
        (401, _) => ("INVALID_TOKEN", "Invalid access token."),
        (403, _) => ("FORBIDDEN", "This token is not allowed to do that."),
        (404, Reasons.NoRoute) => ("NOT_FOUND", failure.Message),
        (404, _) => (Reasons.TunnelNotFound, "Tunnel was not found for this user."),
        (405, _) => ("METHOD_NOT_ALLOWED", failure.Message),
        (409, Reasons.SlugConflict) => (Reasons.SlugConflict, "Requested URL slug is already in use."),
        (409, Reasons.TunnelLimit) => (Reasons.TunnelLimit, $"Maximum of {failure.Facts.GetValueOrDefault("max_active")} active tunnels reached."),
        (409, _) => ("CONFLICT", failure.Message),
        (413, _) => ("PAYLOAD_TOO_LARGE", failure.Message),
        (415, _) => ("UNSUPPORTED_MEDIA_TYPE", failure.Message),
        (429, _) => ("RATE_LIMITED", "Too many requests."),
        (503, _) => ("SERVICE_UNAVAILABLE", failure.Message),
        _ => ("INTERNAL_ERROR", "Internal error."),
    };
}
