using System.Text.Json;

namespace Coordinator.Gateway.Surfaces;

/// <summary><c>{"error","code","fieldErrors"?,"issues"?,"retryAfter"?,"holder"?,"expected"?,"reconnect"?}</c></summary>
internal sealed class RunsEnvelope : Envelope
{
    public override string Name => "runs";

    public override string Schema => """
        {"type":"object","required":["error","code"],"properties":{
          "error":{"type":"string","description":"For people."},
          "code":{"type":"string","description":"Stable, for programs."},
          "fieldErrors":{"type":"object","additionalProperties":{"type":"string"}},
          "issues":{"type":"array","items":{"type":"object","required":["path","message"],"properties":{"path":{"type":"string"},"message":{"type":"string"}}}},
          "retryAfter":{"type":"integer","description":"Seconds."},
          "holder":{"type":"object","properties":{"worker_id":{"type":["string","null"]},"lease_expires_at":{"type":["string","null"],"format":"date-time"}}},
          "expected":{"type":["integer","null"],"description":"The batch sequence that comes next."},
          "reconnect":{"type":"boolean"}}}
        """;

    public override IReadOnlyList<Failure> Known =>
    [
        Failure.MalformedJson,
        new(401, Reasons.CredentialMissing, "Send the header authorization: Bearer TOKEN."),
        new(403, Reasons.CredentialNotBound, "The credential may not do this."),
        new(404, Reasons.RunNotFound, "There is no such run."),
        new(409, Reasons.ClaimNotHeld, "Another worker holds the claim."),
        new(429, "RATE_LIMITED", "Too many requests.") { RetryAfter = 1 },
        new(503, Reasons.CoordinatorAway, "No coordinator can be reached.") { RetryAfter = 1 },
        Failure.Internal,
    ];

    public override void WriteLimit(IHeaderDictionary headers, Limit limit) => WriteLimit(headers, limit, "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset");

    public override void WriteBody(Utf8JsonWriter json, Failure failure)
    {
        json.WriteStartObject();
        json.WriteString("error", failure.Message);
        json.WriteString("code", CodeOf(failure));
        if (failure.Violations.Count > 0)
        {
            WriteViolations(json, failure);
        }

        if (failure.RetryAfter is { } seconds)
        {
            json.WriteNumber("retryAfter", seconds);
        }

        switch (failure.Reason)
        {
            case Reasons.ClaimNotHeld or Reasons.ClaimLost:
                json.WriteStartObject("holder");
                json.WriteString("worker_id", failure.Facts.GetValueOrDefault("worker_id"));
                json.WriteString("lease_expires_at", failure.Facts.GetValueOrDefault("lease_expires_at"));
                json.WriteEndObject();
                break;
            case Reasons.SequenceGap:
                WriteNumber(json, "expected", failure, "expected");
                break;
        }

        if (failure.Status == StatusCodes.Status401Unauthorized)
        {
            json.WriteBoolean("reconnect", false);
        }

        json.WriteEndObject();
    }

    private static void WriteViolations(Utf8JsonWriter json, Failure failure)
    {
        json.WriteStartObject("fieldErrors");
        foreach (var field in failure.Violations.Where(violation => violation.Path.Count > 0).GroupBy(violation => violation.DottedPath))
        {
            json.WriteString(field.Key, field.First().Message);
        }

        json.WriteEndObject();
        json.WriteStartArray("issues");
        foreach (var violation in failure.Violations)
        {
            json.WriteStartObject();
            json.WriteString("path", violation.DottedPath);
            json.WriteString("message", violation.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string CodeOf(Failure failure) => failure.Status switch
    {
        400 => "INVALID_REQUEST",
        401 => "UNAUTHENTICATED",
        403 => "FORBIDDEN",
        404 => failure.Reason == Reasons.RunNotFound ? failure.Reason : "NOT_FOUND",
        405 => "METHOD_NOT_ALLOWED",
        409 => failure.Reason.Length > 0 ? failure.Reason : "CONFLICT",
        413 => "PAYLOAD_TOO_LARGE",
        415 => "UNSUPPORTED_MEDIA_TYPE",
        429 => "RATE_LIMITED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
}
