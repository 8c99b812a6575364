using System.Text.Json;

namespace Coordinator.Gateway.Surfaces;

/// <summary><c>{"error","details"?}</c>, where the details are issues in the shape of the zod library.</summary>
internal sealed class WorkersEnvelope : Envelope
{
    public override string Name => "workers";

    public override IReadOnlyList<TokenHeader> TokenHeaders { get; } = [new("x-den-worker-heartbeat-token")];

    public override string Schema => """
        {"type":"object","required":["error"],"properties":{"error":{"type":"string"},
          "details":{"type":"array","items":{"type":"object","required":["code","path","message"],"properties":{
            "code":{"type":"string"},"path":{"type":"array","items":{"type":["string","integer"]}},"message":{"type":"string"}}}}}}
        """;

    public override IReadOnlyList<Failure> Known =>
    [
        Failure.MalformedJson,
        new(401, Reasons.CredentialMissing, ""),
        new(403, "SCOPE_MISSING", ""),
        new(404, Reasons.WorkerNotFound, ""),
        new(503, Reasons.CoordinatorAway, "") { RetryAfter = 1 },
        Failure.Internal,
    ];

    // Another worker's token is as good as none.
    public override int StatusOf(Failure failure) =>
        failure.Reason == Reasons.CredentialNotBound ? StatusCodes.Status401Unauthorized : failure.Status;

    public override void WriteBody(Utf8JsonWriter json, Failure failure)
    {
        json.WriteStartObject();
        json.WriteString("error", CodeOf(StatusOf(failure), failure.Reason));
        if (StatusOf(failure) == StatusCodes.Status400BadRequest)
        {
            json.WriteStartArray("details");
            foreach (var violation in failure.Violations)
            {
                ZodIssue.Write(json, violation);
            }

            if (failure.Violations.Count == 0)
            {
                ZodIssue.Write(json, new([], Transcoding.Json.ViolationKind.Other) { Text = failure.Message });
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static string CodeOf(int status, string reason) => status switch
    {
        400 => "invalid_request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => reason == Reasons.NoRoute ? "not_found" : "worker_not_found",
        405 => "method_not_allowed",
        409 => "conflict",
        413 => "payload_too_large",
        415 => "unsupported_media_type",
        429 => "rate_limited",
        503 => "unavailable",
        _ => "internal_error",
    };
}
