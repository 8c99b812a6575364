using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using System.Text.Json;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>google.protobuf.Struct, Value and ListValue: any JSON, its numbers as doubles.</summary>
internal static class Dynamics
{
    /// <summary>Null where the JSON is not what the message holds.</summary>
    public static IMessage? Read(MessageDescriptor message, JsonElement json) =>
        ReadValue(json) switch
        {
            null => null,
            var value when message == Value.Descriptor => value,
            { KindCase: Value.KindOneofCase.StructValue } value when message == Struct.Descriptor => value.StructValue,
            { KindCase: Value.KindOneofCase.ListValue } value when message == ListValue.Descriptor => value.ListValue,
            _ => null,
        };

    public static void Write(Utf8JsonWriter json, IMessage message)
    {
        switch (message)
        {
            case Struct fields:
                json.WriteStartObject();
                foreach (var (name, value) in fields.Fields)
                {
                    json.WritePropertyName(name);
                    Write(json, value);
                }

                json.WriteEndObject();
                break;
            case ListValue list:
                json.WriteStartArray();
                foreach (var value in list.Values)
                {
                    Write(json, value);
                }

                json.WriteEndArray();
                break;
            case Value value:
                WriteValue(json, value);
                break;
            default:
                throw new ArgumentException($"{message.Descriptor.FullName} is not dynamic.", nameof(message));
        }
    }

    private static void WriteValue(Utf8JsonWriter json, Value value)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.BoolValue:
                json.WriteBooleanValue(value.BoolValue);
                break;
            case Value.KindOneofCase.NumberValue when double.IsFinite(value.NumberValue):
                json.WriteNumberValue(value.NumberValue);
                break;
            case Value.KindOneofCase.StringValue:
                json.WriteStringValue(value.StringValue);
                break;
            case Value.KindOneofCase.StructValue:
                Write(json, value.StructValue);
                break;
            case Value.KindOneofCase.ListValue:
                Write(json, value.ListValue);
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }

    private static Value? ReadValue(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.True or JsonValueKind.False:
                return Value.ForBool(json.GetBoolean());
            case JsonValueKind.Number when json.TryGetDouble(out var number) && double.IsFinite(number):
                return Value.ForNumber(number);
            case JsonValueKind.String when Strings.TryGet(json, out var text):
                return Value.ForString(text);
            case JsonValueKind.Null:
                return Value.ForNull();
            case JsonValueKind.Array:
                Value?[] elements = [.. json.EnumerateArray().Select(ReadValue)];
                return elements.Contains(null) ? null : Value.ForList(elements!);
            case JsonValueKind.Object:
                var fields = new Struct();
                foreach (var property in json.EnumerateObject())
                {
                    if (!Strings.TryGetName(property, out var name) || ReadValue(property.Value) is not { } value)
                    {
                        return null;
                    }

                    fields.Fields[name] = value;
                }

                return Value.ForStruct(fields);
            default:
                return null;
        }
    }
}
