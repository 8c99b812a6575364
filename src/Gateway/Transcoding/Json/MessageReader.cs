using Coordinator.Rest.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using System.Collections;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>
/// JSON into a message, by its descriptor. Names are the JSON names alone; what is not known is passed over; of a name that comes
/// twice the last counts, as in JavaScript. The JSON is at most 32 deep, so nothing here can exhaust the stack.
/// </summary>
internal static class MessageReader
{
    /// <param name="bound">Fields that are filled from elsewhere: the body cannot touch them.</param>
    public static void Read(JsonElement json, IMessage message, Violations violations, Func<FieldDescriptor, bool>? bound = null)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            violations.WrongType("object", Name(json.ValueKind));
            return;
        }

        var properties = Properties(json);
        foreach (var field in Shapes.Of(message.Descriptor))
        {
            if (violations.Full)
            {
                return;
            }

            if (field.IsFilled || bound?.Invoke(field.Descriptor) == true)
            {
                continue;
            }

            using (violations.Into(field.JsonName))
            {
                if (properties.TryGetValue(field.JsonName, out var value))
                {
                    ReadField(field, value, message, violations);
                }
                else if (field.Rule.Required)
                {
                    violations.Missing(field.ExpectedWhole);
                }
            }
        }
    }

    /// <summary>The value of one field, whatever it is.</summary>
    public static void ReadField(FieldShape field, JsonElement json, IMessage message, Violations violations)
    {
        var accessor = field.Descriptor.Accessor;
        if (json.ValueKind == JsonValueKind.Null && field.Rule.Nullable)
        {
            return;
        }

        if (field.Descriptor.IsMap)
        {
            ReadMap(field, json, (IDictionary)accessor.GetValue(message), violations);
        }
        else if (field.Descriptor.IsRepeated)
        {
            ReadList(field, json, (IList)accessor.GetValue(message), violations);
        }
        else if (ReadValue(field, json, violations) is { } value)
        {
            accessor.SetValue(message, value);
        }
    }

    /// <summary>The name of a JSON type in a violation.</summary>
    public static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Undefined => "undefined",
        _ => kind.ToString().ToLowerInvariant(),
    };

    private static void ReadList(FieldShape field, JsonElement json, IList list, Violations violations)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            violations.WrongType("array", Name(json.ValueKind));
            return;
        }

        if (field.Rule.MaxItems > 0 && json.GetArrayLength() > field.Rule.MaxItems)
        {
            violations.Add(ViolationKind.TooManyItems, field.Rule.MaxItems);
            return;
        }

        var index = 0;
        foreach (var element in json.EnumerateArray())
        {
            using (violations.Into(index++))
            {
                if (ReadValue(field, element, violations) is { } value)
                {
                    list.Add(value);
                }
            }

            if (violations.Full)
            {
                return;
            }
        }
    }

    private static void ReadMap(FieldShape field, JsonElement json, IDictionary map, Violations violations)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            violations.WrongType("object", Name(json.ValueKind));
            return;
        }

        var entry = field.Descriptor.MessageType;
        var (key, value) = (Shapes.Of(entry.FindFieldByNumber(1)), Shapes.Of(entry.FindFieldByNumber(2)));
        foreach (var (name, element) in Properties(json))
        {
            using (violations.Into(name))
            {
                if (Texts.Read(key, name, violations) is { } readKey && ReadValue(value, element, violations) is { } readValue)
                {
                    map[readKey] = readValue;
                }
            }

            if (violations.Full)
            {
                return;
            }
        }
    }

    private static object? ReadValue(FieldShape field, JsonElement json, Violations violations)
    {
        switch (field.Shape, json.ValueKind)
        {
            case (JsonShape.Raw, not JsonValueKind.Null) when field.Options.RawJson == RawJson.Any || json.ValueKind == JsonValueKind.Object:
            case (JsonShape.Raw, JsonValueKind.Null) when field.Options.RawJson == RawJson.Any:
                return ByteString.CopyFrom(JsonMarshal.GetRawUtf8Value(json));
            case (JsonShape.Dynamic, _) when Dynamics.Read(field.Descriptor.MessageType, json) is { } dynamic:
                return dynamic;
            case (JsonShape.Message, JsonValueKind.Object):
                var inner = field.Descriptor.MessageType.Parser.ParseFrom(ByteString.Empty);
                Read(json, inner, violations);
                return inner;
            case (JsonShape.Boolean, JsonValueKind.True or JsonValueKind.False):
                return json.GetBoolean();
            case (JsonShape.Integer or JsonShape.Number or JsonShape.Enum, JsonValueKind.Number):
                return Numbers.Read(field, json.GetRawText(), violations);
            case (not (JsonShape.Boolean or JsonShape.Number or JsonShape.Message or JsonShape.Raw or JsonShape.Dynamic), JsonValueKind.String):
                if (Strings.TryGet(json, out var text))
                {
                    return Texts.ReadString(field, text, violations);
                }

                violations.Other("Invalid input: expected string, received half of a surrogate pair");
                return null;
            default:
                violations.WrongType(field.Expected, Name(json.ValueKind));
                return null;
        }
    }

    private static Dictionary<string, JsonElement> Properties(JsonElement json)
    {
        var properties = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in json.EnumerateObject())
        {
            // A name that is no text cannot be that of a field.
            if (Strings.TryGetName(property, out var name))
            {
                properties[name] = property.Value;
            }
        }

        return properties;
    }
}
