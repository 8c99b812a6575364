using Coordinator.Rest.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>A message as JSON, in the order of its declaration and in the dialect of its fields' options.</summary>
internal static class MessageWriter
{
    /// <summary>JSON for programs, never for a page: only what JSON itself demands is escaped.</summary>
    public static readonly JsonWriterOptions Options = new() { Encoder = new PlainEncoder() };

    /// <param name="ok">Begins the object with "ok":true.</param>
    public static void Write(Utf8JsonWriter json, IMessage message, bool ok = false)
    {
        json.WriteStartObject();
        if (ok)
        {
            json.WriteBoolean("ok", true);
        }

        foreach (var field in Shapes.Of(message.Descriptor))
        {
            if (!field.HasPresence || IsSet(field.Descriptor, message))
            {
                json.WritePropertyName(field.JsonName);
                WriteField(json, field, message);
            }
            else if (field.Options.NullIfUnset)
            {
                json.WriteNull(field.JsonName);
            }
        }

        json.WriteEndObject();
    }

    /// <summary>What stands behind a field's name.</summary>
    public static void WriteField(Utf8JsonWriter json, FieldShape field, IMessage message)
    {
        var value = field.Descriptor.Accessor.GetValue(message);
        if (field.Descriptor.IsMap)
        {
            WriteMap(json, field, (IDictionary)value);
        }
        else if (field.Descriptor.IsRepeated)
        {
            json.WriteStartArray();
            foreach (var element in (IList)value)
            {
                WriteValue(json, field, element);
            }

            json.WriteEndArray();
        }
        else if (value is null)
        {
            json.WriteNullValue();
        }
        else
        {
            WriteValue(json, field, value);
        }
    }

    /// <summary>A value as text, as it stands in an event's id.</summary>
    public static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static bool IsSet(FieldDescriptor field, IMessage message) =>
        field.FieldType == FieldType.Message ? field.Accessor.GetValue(message) is not null : field.Accessor.HasValue(message);

    private static void WriteMap(Utf8JsonWriter json, FieldShape field, IDictionary map)
    {
        var value = Shapes.Of(field.Descriptor.MessageType.FindFieldByNumber(2));
        json.WriteStartObject();
        foreach (DictionaryEntry entry in map)
        {
            json.WritePropertyName(entry.Key is bool key ? key ? "true" : "false" : Text(entry.Key));
            WriteValue(json, value, entry.Value!);
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, FieldShape field, object value)
    {
        switch (value)
        {
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case long milliseconds when field.Shape == JsonShape.Milliseconds:
                WriteTime(json, milliseconds, field);
                break;
            case long or ulong when !field.Options.Number:
                json.WriteStringValue(Text(value));
                break;
            case int or uint or long or ulong:
                json.WriteRawValue(Text(value), skipInputValidation: true);
                break;
            case double number:
                WriteNumber(json, number);
                break;
            case float number:
                WriteNumber(json, number);
                break;
            case ByteString bytes when field.Shape == JsonShape.Raw:
                WriteRaw(json, bytes.Span);
                break;
            case ByteString bytes:
                json.WriteBase64StringValue(bytes.Span);
                break;
            case Timestamp instant:
                WriteTime(json, (instant.Seconds * 1_000) + (instant.Nanos / 1_000_000), field);
                break;
            case Duration duration:
                var seconds = duration.Seconds + (duration.Nanos / (decimal)Duration.NanosecondsPerSecond);
                json.WriteStringValue(string.Create(CultureInfo.InvariantCulture, $"{seconds:0.#########}s"));
                break;
            case System.Enum constant:
                WriteEnum(json, field.Descriptor.EnumType, Convert.ToInt32(constant, CultureInfo.InvariantCulture));
                break;
            case IMessage message when field.Shape == JsonShape.Dynamic:
                Dynamics.Write(json, message);
                break;
            case IMessage message:
                Write(json, message);
                break;
            default:
                throw new ArgumentException($"{field.Descriptor.FullName} holds a {value.GetType()}.", nameof(value));
        }
    }

    private static void WriteTime(Utf8JsonWriter json, long milliseconds, FieldShape field)
    {
        // What no year of four digits holds cannot be said in ISO 8601; the number itself can.
        if (Times.CanFormat(milliseconds))
        {
            json.WriteStringValue(Times.Format(milliseconds, field.Options.Time != TimeDigits.Seconds));
        }
        else
        {
            json.WriteStringValue(Text(milliseconds));
        }
    }

    private static void WriteNumber(Utf8JsonWriter json, double number)
    {
        if (double.IsFinite(number))
        {
            json.WriteNumberValue(number);
        }
        else
        {
            json.WriteStringValue(double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
        }
    }

    private static void WriteNumber(Utf8JsonWriter json, float number)
    {
        if (float.IsFinite(number))
        {
            json.WriteNumberValue(number);
        }
        else
        {
            WriteNumber(json, (double)number);
        }
    }

    private static void WriteEnum(Utf8JsonWriter json, EnumDescriptor type, int number)
    {
        if (type.FindValueByNumber(number) is { } known)
        {
            json.WriteStringValue(known.Name);
        }
        else
        {
            json.WriteNumberValue(number);
        }
    }

    // Bytes that came in over gRPC may be anything: only JSON can stand in JSON, the rest is shown as bytes are.
    private static void WriteRaw(Utf8JsonWriter json, ReadOnlySpan<byte> raw)
    {
        if (IsJson(raw))
        {
            json.WriteRawValue(raw, skipInputValidation: true);
        }
        else
        {
            json.WriteBase64StringValue(raw);
        }
    }

    private static bool IsJson(ReadOnlySpan<byte> raw)
    {
        if (!Utf8.IsValid(raw))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(raw);
            while (reader.Read())
            {
            }

            return reader.TokenType != JsonTokenType.None;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
