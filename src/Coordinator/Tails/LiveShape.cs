using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Coordinator.Tails;

/// <summary>
/// A trace message as live tails show it: a frame of the invocation itself (<c>$metadata.type</c> cf-worker-event, its source the whole
/// message), then one of each log and of each exception in their order (cf-worker, its source the log or exception).
/// </summary>
/// <remarks>
/// A frame is <c>{"timestamp","$metadata":{"id","service","level","message","type"},"$workers":{"scriptName","outcome","eventType",
/// "requestId"?,"wallTimeMs"?,"cpuTimeMs"?},"source"}</c>. Times are milliseconds since 1970; a log that has none happened with its message.
/// The level of an invocation is info if it went well, warn if it was canceled, error otherwise; that of an exception is error, and that of
/// a log its own. Ids are the message's, with the frame's number behind a dash.
/// </remarks>
internal static class LiveShape
{
    /// <summary>Logs and exceptions with a frame of their own; those behind them are in the source of the invocation alone.</summary>
    public const int MostDetails = 256;

    /// <summary>Of a message in characters; the source has all of it.</summary>
    public const int MostLine = 8_192;

    // As it is read by programs, nothing needs an escape for the sake of HTML.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="id">Of the message: the same for all of its readers, and no other message's.</param>
    public static IReadOnlyList<LiveFrame> Frames(TraceMessage message, string id)
    {
        var (type, line) = TraceEvents.Describe(message.Event);
        var level = message.Outcome switch { "ok" => "info", "canceled" => "warn", _ => "error" };
        var frames = new List<LiveFrame> { Frame(message, type, new(message.EventTimestamp, $"{id}-0", level, line, "cf-worker-event"), message.Root) };
        var logs = message.Logs.EnumerateArray().Select(log => (Detail: log, Level: Level(log), Line: TraceMessage.LogText(log)));
        var exceptions = message.Exceptions.EnumerateArray().Select(thrown => (Detail: thrown, Level: "error", Line: Line(thrown)));
        foreach (var (detail, detailLevel, detailLine) in logs.Concat(exceptions).Take(MostDetails))
        {
            var timestamp = JsonText.Member(detail, "timestamp") is { ValueKind: JsonValueKind.Number } own ? own : message.EventTimestamp;
            frames.Add(Frame(message, type, new(timestamp, $"{id}-{frames.Count}", detailLevel, detailLine, "cf-worker"), detail));
        }

        return frames;
    }

    private static LiveFrame Frame(TraceMessage message, string eventType, Head head, JsonElement source)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            Raw(json, "timestamp", head.Timestamp);
            json.WriteStartObject("$metadata");
            json.WriteString("id", head.Id);
            json.WriteString("service", message.ScriptName);
            json.WriteString("level", head.Level);
            json.WriteString("message", Cut(head.Line));
            json.WriteString("type", head.Type);
            json.WriteEndObject();
            json.WriteStartObject("$workers");
            json.WriteString("scriptName", message.ScriptName);
            json.WriteString("outcome", message.Outcome);
            json.WriteString("eventType", eventType);
            if (RequestId(message) is { } request)
            {
                json.WriteString("requestId", request);
            }

            Time(json, "wallTimeMs", message, "wallTime");
            Time(json, "cpuTimeMs", message, "cpuTime");
            json.WriteEndObject();
            Raw(json, "source", source);
            json.WriteEndObject();
        }

        return new(buffer.WrittenMemory);
    }

    // The text of numbers, and of everything within, stays what it was.
    private static void Raw(Utf8JsonWriter json, string name, JsonElement value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(value.GetRawText(), skipInputValidation: true);
    }

    private static void Time(Utf8JsonWriter json, string name, TraceMessage message, string member)
    {
        if (JsonText.Member(message.Root, member) is { ValueKind: JsonValueKind.Number } time)
        {
            Raw(json, name, time);
        }
    }

    // Not between the halves of a pair.
    private static ReadOnlySpan<char> Cut(string line) =>
        line.Length <= MostLine ? line : line.AsSpan(0, char.IsHighSurrogate(line[MostLine - 1]) ? MostLine - 1 : MostLine);

    private static string? RequestId(TraceMessage message) =>
        JsonText.Member(message.Root, "requestId") is { ValueKind: JsonValueKind.String } id ? id.GetString() : message.Header("cf-ray");

    private static string Level(JsonElement log) => JsonText.Of(JsonText.Member(log, "level")) is { Length: > 0 } level ? level : "log";

    private static string Line(JsonElement thrown)
    {
        var (name, message) = (JsonText.Of(JsonText.Member(thrown, "name")), JsonText.Of(JsonText.Member(thrown, "message")));
        return name.Length > 0 && message.Length > 0 ? $"{name}: {message}" : name + message;
    }

    private readonly record struct Head(JsonElement Timestamp, string Id, string Level, string Line, string Type);
}

/// <summary>One JSON object, as a reader of a live tail gets it.</summary>
internal sealed class LiveFrame(ReadOnlyMemory<byte> json)
{
    private JsonElement? _root;

    public ReadOnlyMemory<byte> Json { get; } = json;

    /// <summary>The same, taken apart when it is first asked for.</summary>
    public JsonElement Root => _root ??= JsonElement.Parse(Json.Span);
}
