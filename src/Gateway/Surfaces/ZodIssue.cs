using Coordinator.Gateway.Transcoding.Json;
using System.Globalization;
using System.Text.Json;

namespace Coordinator.Gateway.Surfaces;

/// <summary>A violation in the shape of an issue of the zod library, version 4: its members and their order.</summary>
internal static class ZodIssue
{
    public static void Write(Utf8JsonWriter json, Violation violation)
    {
        json.WriteStartObject();
        switch (violation.Kind)
        {
            case ViolationKind.Missing or ViolationKind.WrongType:
                json.WriteString("expected", violation.Expected);
                json.WriteString("code", "invalid_type");
                break;
            case ViolationKind.NotAnInteger:
                json.WriteString("expected", "int");
                json.WriteString("format", "safeint");
                json.WriteString("code", "invalid_type");
                break;
            case ViolationKind.TooBig when violation.IsSafeBound:
                json.WriteString("code", "too_big");
                WriteBound(json, "maximum", violation);
                json.WriteString("note", "Integers must be within the safe integer range.");
                json.WriteString("origin", "int");
                json.WriteBoolean("inclusive", true);
                break;
            case ViolationKind.TooSmall or ViolationKind.TooShort:
                WriteSize(json, "too_small", "minimum", violation);
                break;
            case ViolationKind.TooBig or ViolationKind.TooLong or ViolationKind.TooManyItems:
                WriteSize(json, "too_big", "maximum", violation);
                break;
            case ViolationKind.NotOneOf:
                json.WriteString("code", "invalid_value");
                json.WriteStartArray("values");
                foreach (var option in violation.Options)
                {
                    json.WriteStringValue(option);
                }

                json.WriteEndArray();
                break;
            case ViolationKind.BadFormat:
                json.WriteString("origin", "string");
                json.WriteString("code", "invalid_format");
                json.WriteString("format", violation.Format);
                if (violation.Pattern is { } pattern)
                {
                    json.WriteString("pattern", $"/{pattern}/");
                }

                break;
            default:
                json.WriteString("code", "custom");
                break;
        }

        WritePath(json, violation);
        json.WriteString("message", violation.Message);
        json.WriteEndObject();
    }

    private static void WriteSize(Utf8JsonWriter json, string code, string bound, Violation violation)
    {
        json.WriteString("origin", violation.Kind switch
        {
            ViolationKind.TooShort or ViolationKind.TooLong => "string",
            ViolationKind.TooManyItems => "array",
            _ => "number",
        });
        json.WriteString("code", code);
        WriteBound(json, bound, violation);
        json.WriteBoolean("inclusive", true);
        if (violation.Exact)
        {
            json.WriteBoolean("exact", true);
        }
    }

    private static void WriteBound(Utf8JsonWriter json, string name, Violation violation)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(violation.Bound.ToString("0", CultureInfo.InvariantCulture));
    }

    private static void WritePath(Utf8JsonWriter json, Violation violation)
    {
        json.WriteStartArray("path");
        foreach (var step in violation.Path)
        {
            if (step is int index)
            {
                json.WriteNumberValue(index);
            }
            else
            {
                json.WriteStringValue((string)step);
            }
        }

        json.WriteEndArray();
    }
}
