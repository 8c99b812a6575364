using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Coordinator.Client.Tails;

/// <summary>Writes trace messages in the shape that tails are read in: one JSON object, its fields always in the same order.</summary>
internal static class TraceJson
{
    // Nothing of it ends up in a page: what JSON does not demand to be escaped stays readable.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 64 };

    public static byte[] Write(string script, TraceEvent trace, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            Write(json, script, trace, now.ToUnixTimeMilliseconds());
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, string script, TraceEvent trace, long now)
    {
        json.WriteStartObject();
        json.WriteString("outcome", Name(trace.Outcome));
        json.WriteString("scriptName", script);
        WriteOptional(json, "entrypoint", trace.Entrypoint);
        WriteExceptions(json, trace.Exceptions, now);
        WriteLogs(json, trace.Logs, now);
        json.WriteNumber("eventTimestamp", trace.EventTimestamp?.ToUnixTimeMilliseconds() ?? now);
        WriteTrigger(json, trace.Event);
        if (trace.ScriptVersion is { } version)
        {
            json.WriteStartObject("scriptVersion");
            json.WriteString("id", version);
            json.WriteEndObject();
        }

        if (trace.Truncated)
        {
            json.WriteBoolean("truncated", true);
        }

        WriteOptional(json, "executionModel", trace.ExecutionModel);
        WriteOptional(json, "wallTime", trace.WallTime);
        WriteOptional(json, "cpuTime", trace.CpuTime);
        json.WriteEndObject();
    }

    private static void WriteExceptions(Utf8JsonWriter json, IReadOnlyList<TraceError> exceptions, long now)
    {
        json.WriteStartArray("exceptions");
        foreach (var thrown in exceptions)
        {
            json.WriteStartObject();
            json.WriteString("name", thrown.Name);
            json.WriteString("message", thrown.Message);
            json.WriteNumber("timestamp", thrown.Timestamp?.ToUnixTimeMilliseconds() ?? now);
            WriteOptional(json, "stack", thrown.Stack);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteLogs(Utf8JsonWriter json, IReadOnlyList<TraceLog> logs, long now)
    {
        json.WriteStartArray("logs");
        foreach (var log in logs)
        {
            json.WriteStartObject();
            json.WriteStartArray("message");
            foreach (var part in log.Message)
            {
                WritePart(json, part);
            }

            json.WriteEndArray();
            json.WriteString("level", Name(log.Level));
            json.WriteNumber("timestamp", log.Timestamp?.ToUnixTimeMilliseconds() ?? now);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteTrigger(Utf8JsonWriter json, TraceTrigger? trigger)
    {
        if (trigger is null)
        {
            json.WriteNull("event");
            return;
        }

        json.WriteStartObject("event");
        trigger.Write(json);
        json.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter json, object? part)
    {
        switch (part)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            // JSON has no words for the others.
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case JsonElement { ValueKind: not JsonValueKind.Undefined } element:
                element.WriteTo(json);
                break;
            default:
                json.WriteStringValue(Convert.ToString(part, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, TimeSpan? value)
    {
        if (value is { } span)
        {
            json.WriteNumber(name, (long)span.TotalMilliseconds);
        }
    }

    private static string Name(TraceOutcome outcome) => outcome switch
    {
        TraceOutcome.Ok => "ok",
        TraceOutcome.Canceled => "canceled",
        TraceOutcome.Exception => "exception",
        TraceOutcome.ExceededCpu => "exceededCpu",
        TraceOutcome.ExceededMemory => "exceededMemory",
        _ => "unknown",
    };

    private static string Name(TraceLevel level) => level switch
    {
        TraceLevel.Debug => "debug",
        TraceLevel.Info => "info",
        TraceLevel.Warn => "warn",
        TraceLevel.Error => "error",
        _ => "log",
    };
}
