using Coordinator.Gateway.Transcoding.Json;
using System.Text.Json;

namespace Coordinator.Gateway.Surfaces;

/// <summary>
/// <c>{"errors":[{"code","message","source"?:{"pointer"}}],"messages":[],"result":{},"success":false}</c>; of live tails
/// <c>{"errors":[{"message"}],"success":false,"messages":[{"message"}]}</c>.
/// </summary>
internal sealed class CloudflareEnvelope : Envelope
{
    // Where the vendor has no number of its own for a status.
    private const int OtherCodes = 10_000;

    public override string Name => "cloudflare";

    public override IReadOnlyList<TokenHeader> TokenHeaders { get; } = [new("X-Auth-Key", Of: "X-Auth-Email"), new("X-Auth-User-Service-Key")];

    public override string Schema => """
        {"type":"object","required":["errors","messages","success"],"properties":{
          "errors":{"type":"array","items":{"type":"object","required":["message"],"properties":{
            "code":{"type":"integer","minimum":1000},"message":{"type":"string"},
            "source":{"type":"object","properties":{"pointer":{"type":"string"}}}}}},
          "messages":{"type":"array","items":{"type":"object","properties":{"message":{"type":"string"}}}},
          "result":{"type":"object"},"success":{"const":false}}}
        """;

    public override IReadOnlyList<Failure> Known =>
    [
        Failure.MalformedJson,
        new(401, Reasons.CredentialMissing, ""),
        new(403, Reasons.AccountNotOwn, ""),
        new(404, Reasons.ScriptNotFound, ""),
        new(429, Reasons.TooManyTails, "The script has too many tails.") { RetryAfter = 1 },
        new(503, Reasons.CoordinatorAway, "No coordinator can be reached.") { RetryAfter = 1 },
        Failure.Internal,
    ];

    public override void WriteLimit(IHeaderDictionary headers, Limit limit) => WriteLimit(headers, limit, "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset");

    public override void WriteBody(Utf8JsonWriter json, Failure failure)
    {
        json.WriteStartObject();
        if (failure.Method?.Name is "OpenLive" or "LiveHeartbeat")
        {
            WriteErrors(json, failure, code: null, LiveTextOf(failure));
            json.WriteBoolean("success", false);
            json.WriteStartArray("messages");
            json.WriteStartObject();
            json.WriteString("message", LiveTextOf(failure));
            json.WriteEndObject();
            json.WriteEndArray();
        }
        else
        {
            var (code, message) = TextOf(failure);
            WriteErrors(json, failure, code, message);
            json.WriteStartArray("messages");
            json.WriteEndArray();
            json.WriteStartObject("result");
            json.WriteEndObject();
            json.WriteBoolean("success", false);
        }

        json.WriteEndObject();
    }

    // One for each value that is wrong, where it is known which.
    private static void WriteErrors(Utf8JsonWriter json, Failure failure, int? code, string message)
    {
        json.WriteStartArray("errors");
        foreach (var violation in failure.Violations.DefaultIfEmpty(null))
        {
            json.WriteStartObject();
            if (code is { } number)
            {
                json.WriteNumber("code", number);
            }

            json.WriteString("message", violation is null ? message : BadRequest(violation.Message));
            if (violation is { Path.Count: > 0 })
            {
                json.WriteStartObject("source");
                json.WriteString("pointer", JsonPointer.Write(violation.Path));
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string LiveTextOf(Failure failure) => failure.Status switch
    {
        400 => BadRequest(failure.Message),
        401 => "Unauthorized",
        403 => "Forbidden",
        500 => "Internal server error",
        _ => failure.Message,
    };

    private static (int Code, string Message) TextOf(Failure failure) => (failure.Status, failure.Reason) switch
    {
        (400, _) => (10_010, BadRequest(failure.Message)),
        (401, _) => (10_000, "Authentication error"),
        (403, _) => (10_001, "Forbidden"),
        (404, Reasons.NoRoute) => (7_003, $"Could not route to {failure.Facts.GetValueOrDefault(Facts.Path)}, perhaps your object identifier is invalid?"),
        (404, Reasons.ScriptNotFound) => (10_007, "This Worker does not exist on your account."),
        (404, _) => (10_007, failure.Message),
        (405, _) => (7_001, failure.Message),
        (429, _) => (10_057, failure.Message),
        (500, _) => (10_002, "internal server error"),
        _ => (OtherCodes + failure.Status, failure.Message),
    };

    private static string BadRequest(string what) => $"Bad Request: {what}";
}
