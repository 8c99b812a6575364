using Coordinator.Gateway.Transcoding.Json;
using Coordinator.Rest.V1;
using Google.Protobuf.Reflection;
using System.Text.Json.Nodes;

namespace Coordinator.Gateway.OpenApi;

/// <summary>
/// JSON Schemas of messages, gathered as components. What may be sent and what is answered differ: rules are for the one, and what
/// is always there is said of the other.
/// </summary>
internal sealed class Schemas(bool ofRequests, JsonObject components)
{
    /// <summary>The fields of a message, but for those that come from elsewhere.</summary>
    public JsonObject Of(MessageDescriptor message, Func<FieldDescriptor, bool>? leftOut = null, bool ok = false)
    {
        var (properties, required) = (new JsonObject(), new JsonArray());
        if (ok)
        {
            properties["ok"] = new JsonObject { ["const"] = true };
            required.Add("ok");
        }

        foreach (var field in Shapes.Of(message).Where(field => !field.IsFilled && leftOut?.Invoke(field.Descriptor) != true))
        {
            properties[field.JsonName] = Of(field);
            if (ofRequests ? field.Rule.Required : !field.HasPresence || field.Options.NullIfUnset)
            {
                required.Add(field.JsonName);
            }
        }

        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties };
        if (required.Count > 0)
        {
            schema["required"] = required;
        }

        return schema;
    }

    public JsonObject Of(FieldShape field)
    {
        if (field.Descriptor.IsMap)
        {
            return new() { ["type"] = "object", ["additionalProperties"] = OfElement(Shapes.Of(field.Descriptor.MessageType.FindFieldByNumber(2))) };
        }

        if (field.Descriptor.IsRepeated)
        {
            var list = new JsonObject { ["type"] = "array", ["items"] = OfElement(field) };
            Bound(list, "maxItems", field.Rule.MaxItems);
            return list;
        }

        var isNullable = ofRequests ? field.Rule.Nullable : field.Options.NullIfUnset;
        return isNullable ? OrNull(OfElement(field)) : OfElement(field);
    }

    /// <summary>A message within what every answer of its method is written into.</summary>
    public static JsonObject Of(AnswerTemplate template, JsonObject message)
    {
        return Of(template.Outline);

        JsonObject Of(JsonNode? node) => node switch
        {
            JsonObject members => new()
            {
                ["type"] = "object",
                ["properties"] = new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, (JsonNode?)Of(member.Value)))),
                ["required"] = new JsonArray([.. members.Select(member => (JsonNode)member.Key)]),
            },
            JsonValue value when AnswerTemplate.IsMessage(value) => message,
            _ => new() { ["const"] = node?.DeepClone() },
        };
    }

    private JsonObject OfElement(FieldShape field) => field.Shape switch
    {
        JsonShape.Boolean => new() { ["type"] = "boolean" },
        JsonShape.Integer => OfInteger(field),
        JsonShape.Number => new() { ["type"] = "number" },
        JsonShape.String => OfString(field),
        JsonShape.Enum => new() { ["type"] = "string", ["enum"] = new JsonArray([.. field.Descriptor.EnumType.Values.Select(value => (JsonNode)value.Name)]) },
        JsonShape.Base64 => new() { ["type"] = "string", ["contentEncoding"] = "base64" },
        JsonShape.Milliseconds or JsonShape.Timestamp => new() { ["type"] = "string", ["format"] = "date-time" },
        JsonShape.Duration => new() { ["type"] = "string", ["pattern"] = "^-?[0-9]+(\\.[0-9]+)?s$" },
        JsonShape.Raw => field.Options.RawJson == RawJson.Object ? new() { ["type"] = "object" } : [],
        JsonShape.Dynamic => field.Expected == "nonoptional" ? [] : new() { ["type"] = field.Expected },
        _ => Reference(field.Descriptor.MessageType),
    };

    private JsonObject OfInteger(FieldShape field)
    {
        // A 64-bit integer that is no JSON number is written as a string, and read as either.
        var isText = field.Is64Bit && !field.Options.Number;
        var schema = new JsonObject { ["type"] = !isText ? "integer" : ofRequests ? new JsonArray("integer", "string") : "string" };
        if (isText)
        {
            schema["pattern"] = "^-?[0-9]+$";
        }

        if (ofRequests && field.Rule.HasMin)
        {
            schema["minimum"] = field.Rule.Min;
        }

        if (ofRequests && field.Rule.HasMax)
        {
            schema["maximum"] = field.Rule.Max;
        }

        return schema;
    }

    private JsonObject OfString(FieldShape field)
    {
        var (schema, rule) = (new JsonObject { ["type"] = "string" }, field.Rule);
        if (!ofRequests)
        {
            return schema;
        }

        Bound(schema, "minLength", rule.MinLength);
        Bound(schema, "maxLength", rule.MaxLength);
        if (rule.In.Count > 0)
        {
            schema["enum"] = new JsonArray([.. rule.In.Select(option => (JsonNode)option)]);
        }

        switch (rule.Format)
        {
            case "":
                break;
            case Formats.Uuid:
                schema["format"] = "uuid";
                break;
            case Formats.DateTime:
                schema["format"] = "date-time";
                break;
            default:
                schema["pattern"] = Formats.PatternOf(rule.Format);
                break;
        }

        return schema;
    }

    private JsonObject Reference(MessageDescriptor message)
    {
        var name = ofRequests ? $"{message.Name}Input" : message.Name;
        if (!components.ContainsKey(name))
        {
            // It stands there before its fields are worked out: one of them may lead back to it.
            components[name] = new JsonObject();
            components[name] = Of(message);
        }

        return new() { ["$ref"] = $"#/components/schemas/{name}" };
    }

    private static JsonObject OrNull(JsonObject schema)
    {
        if (schema["type"] is JsonValue type)
        {
            schema["type"] = new JsonArray(type.GetValue<string>(), "null");
            (schema["enum"] as JsonArray)?.Add(null);
            return schema;
        }

        return schema.Count == 0 ? schema : new() { ["anyOf"] = new JsonArray(schema, new JsonObject { ["type"] = "null" }) };
    }

    private static void Bound(JsonObject schema, string name, int bound)
    {
        if (bound > 0)
        {
            schema[name] = bound;
        }
    }
}
