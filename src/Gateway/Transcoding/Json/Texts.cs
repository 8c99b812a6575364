using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>One value from text: of the path, the query, a header, or a JSON string.</summary>
internal static partial class Texts
{
    /// <summary>Whether a path or a query can hold it.</summary>
    public static bool CanRead(FieldDescriptor field) =>
        !field.IsMap && Shapes.Of(field).Shape is not (JsonShape.Message or JsonShape.Dynamic or JsonShape.Raw);

    /// <summary>From outside JSON, where numbers and booleans are text as well. Null where a violation was added.</summary>
    public static object? Read(FieldShape field, string text, Violations violations)
    {
        switch (field.Shape)
        {
            case JsonShape.Boolean when text is "true" or "false":
                return text == "true";
            case JsonShape.Boolean:
            case JsonShape.Integer or JsonShape.Number when !Number().IsMatch(text):
                violations.WrongType(field.Expected, "string");
                return null;
            case JsonShape.Enum when Digits().IsMatch(text):
            case JsonShape.Integer or JsonShape.Number:
                return Numbers.Read(field, text, violations);
            default:
                return ReadString(field, text, violations);
        }
    }

    /// <summary>A string as it stands in JSON. Null where a violation was added.</summary>
    public static object? ReadString(FieldShape field, string text, Violations violations)
    {
        var before = violations.Found.Count;
        object? value = field.Shape switch
        {
            JsonShape.String => text,
            JsonShape.Enum => OfEnum(field, text, violations),
            JsonShape.Base64 => OfBase64(text, violations),
            JsonShape.Milliseconds => Milliseconds(text, violations),
            JsonShape.Timestamp => Milliseconds(text, violations) is { } instant ? OfMilliseconds(instant, violations) : null,
            JsonShape.Duration => OfDuration(text, violations),
            // A 64-bit integer, which JavaScript cannot hold as a number.
            JsonShape.Integer when field.Is64Bit && !field.Options.Number && Digits().IsMatch(text) => Numbers.Read(field, text, violations),
            _ => null,
        };
        if (field.Shape == JsonShape.String)
        {
            CheckString(field, text, violations);
        }
        else if (value is null && violations.Found.Count == before && !violations.Full)
        {
            violations.WrongType(field.Expected, "string");
        }

        return violations.Found.Count == before && !violations.Full ? value : null;
    }

    private static void CheckString(FieldShape field, string text, Violations violations)
    {
        var rule = field.Rule;
        if (rule.Format.Length > 0)
        {
            Formats.Check(rule.Format, text, violations);
        }

        if (rule.In.Count > 0 && !rule.In.Contains(text))
        {
            violations.NotOneOf(rule.In);
        }

        if (text.Length < rule.MinLength)
        {
            violations.Add(ViolationKind.TooShort, rule.MinLength);
        }

        if (rule.MaxLength > 0 && text.Length > rule.MaxLength)
        {
            violations.Add(ViolationKind.TooLong, rule.MaxLength);
        }
    }

    private static object? OfEnum(FieldShape field, string text, Violations violations)
    {
        var type = field.Descriptor.EnumType;
        if (type.FindValueByName(text) is { } value)
        {
            return System.Enum.ToObject(type.ClrType, value.Number);
        }

        violations.NotOneOf(type.Values.Select(known => known.Name));
        return null;
    }

    private static ByteString? OfBase64(string text, Violations violations)
    {
        var standard = text.Replace('-', '+').Replace('_', '/').TrimEnd('=');
        var bytes = new byte[(standard.Length / 4 * 3) + 3];
        if (standard.Length % 4 != 1 && Convert.TryFromBase64String(standard.PadRight((standard.Length + 3) / 4 * 4, '='), bytes, out var written))
        {
            return ByteString.CopyFrom(bytes.AsSpan(0, written));
        }

        violations.BadFormat("base64");
        return null;
    }

    private static long? Milliseconds(string text, Violations violations)
    {
        if (Times.TryParse(text, out var milliseconds))
        {
            return milliseconds;
        }

        violations.BadFormat(Formats.DateTime, Times.Pattern);
        return null;
    }

    private static Timestamp? OfMilliseconds(long milliseconds, Violations violations)
    {
        // A Timestamp begins with the year 1.
        if (milliseconds >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds())
        {
            return Timestamp.FromDateTimeOffset(DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
        }

        violations.BadFormat(Formats.DateTime, Times.Pattern);
        return null;
    }

    private static Duration? OfDuration(string text, Violations violations)
    {
        if (Seconds().IsMatch(text) && decimal.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            && Math.Abs(seconds) <= Duration.MaxSeconds)
        {
            var whole = decimal.Truncate(seconds);
            return new() { Seconds = (long)whole, Nanos = (int)((seconds - whole) * Duration.NanosecondsPerSecond) };
        }

        violations.BadFormat("duration");
        return null;
    }

    [GeneratedRegex(@"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\z")]
    private static partial Regex Number();

    [GeneratedRegex(@"^-?[0-9]{1,20}\z")]
    private static partial Regex Digits();

    [GeneratedRegex(@"^-?[0-9]{1,12}(\.[0-9]{1,9})?s\z")]
    private static partial Regex Seconds();
}
