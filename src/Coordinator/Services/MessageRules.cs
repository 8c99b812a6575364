using Coordinator.Leases;
using Coordinator.Rest.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using System.Collections;
using System.Collections.Concurrent;
using System.Text.Json;

namespace Coordinator.Services;

/// <summary>
/// Holds a request to the rules that its proto declares. A gateway has held what it read to the same ones; who speaks gRPC is held to
/// them here.
/// </summary>
internal static class MessageRules
{
    private const int MaxJsonDepth = 32;
    private const long FirstMillisecond = -62_167_219_200_000; // 0000-01-01
    private const long LastMillisecond = 253_402_300_799_999; // the end of 9999
    private static readonly ConcurrentDictionary<MessageDescriptor, Ruled[]> ByMessage = new();

    /// <summary>Throws INVALID_ARGUMENT with the field at fault.</summary>
    public static void Demand(IMessage message)
    {
        if (Find(message, "") is { } refusal)
        {
            throw StatusTable.ToException(refusal);
        }
    }

    public static bool IsJson(ReadOnlySpan<byte> bytes) => First(bytes) is not null;

    private static Refusal? Find(IMessage message, string path)
    {
        foreach (var ruled in ByMessage.GetOrAdd(message.Descriptor, Read))
        {
            if (Check(ruled, message, path + ruled.Field.Name) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private static Refusal? Check(Ruled ruled, IMessage message, string path)
    {
        var (field, rule) = (ruled.Field, ruled.Options.Rule ?? new());
        var value = field.Accessor.GetValue(message);
        if (value is IList list)
        {
            return rule.MaxItems > 0 && list.Count > rule.MaxItems
                ? Refusal.Invalid(path, $"must be at most {rule.MaxItems} items, not {list.Count}")
                : list.Cast<object>().Select((item, i) => Value(ruled, rule, item, $"{path}[{i}]")).FirstOrDefault(refusal => refusal is not null);
        }

        if (field.HasPresence && !field.Accessor.HasValue(message))
        {
            return rule.Required ? Refusal.Invalid(path, "is required") : null;
        }

        // Without presence, what is empty was not given.
        return value is "" && !field.HasPresence
            ? rule.Required ? Refusal.Invalid(path, "is required") : null
            : Value(ruled, rule, value, path);
    }

    private static Refusal? Value(Ruled ruled, Rule rule, object value, string path) => value switch
    {
        string text => Text(rule, text, path),
        ByteString bytes => ruled.Options.RawJson == RawJson.Unspecified ? null : Json(ruled.Options.RawJson, bytes, path),
        int or long or uint or ulong => Number(rule, Convert.ToDecimal(value, System.Globalization.CultureInfo.InvariantCulture), path),
        IMessage inner => Find(inner, $"{path}."),
        _ => null,
    };

    private static Refusal? Text(Rule rule, string text, string path)
    {
        if (text.Length < rule.MinLength || (rule.MaxLength > 0 && text.Length > rule.MaxLength))
        {
            return Refusal.Invalid(path, $"must be {rule.MinLength} to {rule.MaxLength} characters, not {text.Length}");
        }

        if (rule.In.Count > 0 && !rule.In.Contains(text))
        {
            return Refusal.Invalid(path, $"must be one of {string.Join(", ", rule.In)}");
        }

        return rule.Format.Split(':') switch
        {
            ["uuid"] when !Uuids.TryRead(text, out _) => Refusal.Invalid(path, "must be a UUID"),
            ["typeid", var prefix] when !TypeIds.IsValid(text, prefix) => Refusal.Invalid(path, $"must be {prefix}_ and the 26 characters of a TypeID"),
            _ => null,
        };
    }

    private static Refusal? Number(Rule rule, decimal number, string path)
    {
        var (least, most) = rule.Format == "datetime"
            ? (FirstMillisecond, LastMillisecond)
            : (rule.HasMin ? rule.Min : long.MinValue, rule.HasMax ? rule.Max : long.MaxValue);
        return number >= least && number <= most ? null
            : most == long.MaxValue ? Refusal.Invalid(path, $"must be at least {least}, not {number}")
            : Refusal.Invalid(path, $"must be {least} to {most}, not {number}");
    }

    private static Refusal? Json(RawJson kind, ByteString bytes, string path) =>
        First(bytes.Span) is not { } first ? Refusal.Invalid(path, $"must be JSON, at most {MaxJsonDepth} deep")
        : kind == RawJson.Object && first != JsonTokenType.StartObject ? Refusal.Invalid(path, "must be a JSON object")
        : null;

    // The first token of one whole JSON text, or null.
    private static JsonTokenType? First(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxJsonDepth });
            reader.Read();
            var first = reader.TokenType;
            while (reader.Read())
            {
            }

            return first;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Ruled[] Read(MessageDescriptor message) =>
    [
        .. from field in message.Fields.InDeclarationOrder()
           let options = field.GetOptions()?.GetExtension(OptionsExtensions.Field) ?? new()
           where options.Rule is not null || options.RawJson != RawJson.Unspecified || (field.FieldType == FieldType.Message && IsOwn(field))
           select new Ruled(field, options),
    ];

    private static bool IsOwn(FieldDescriptor field) => field.MessageType.File.Package.StartsWith("coordinator.", StringComparison.Ordinal);

    private sealed record Ruled(FieldDescriptor Field, Field Options);
}
