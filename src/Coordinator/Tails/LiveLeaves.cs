using Coordinator.Leases;
using System.Text.Json;

namespace Coordinator.Tails;

/// <summary>Leaves of a live tail's filters, from their JSON.</summary>
internal static class LiveLeaves
{
    /// <summary>In characters, of a key.</summary>
    public const int MostKey = 256;

    /// <summary>In characters, of a value.</summary>
    public const int MostText = 4_096;

    /// <summary>How many values <c>in</c> and <c>not_in</c> may have.</summary>
    public const int MostValues = 100;

    /// <summary>Refuses what lacks a member, or has one of a wrong type, or an operation that its type does not have.</summary>
    public static Outcome<LiveLeaf> Compile(JsonElement leaf, string pointer)
    {
        if (Text(leaf, "key") is not { Length: > 0 and <= MostKey } key)
        {
            return Refusal.Invalid($"{pointer}/key", $"A key is a path of 1 to {MostKey} characters.");
        }

        if (Text(leaf, "operation") is not { } name || !LiveNames.Operations.TryGetValue(name, out var operation))
        {
            return Refusal.Invalid($"{pointer}/operation", $"An operation is one of {string.Join(", ", LiveNames.Operations.Keys)}.");
        }

        if (Text(leaf, "type") is not { } typeName || !LiveNames.Types.TryGetValue(typeName, out var type))
        {
            return Refusal.Invalid($"{pointer}/type", $"A type is one of {string.Join(", ", LiveNames.Types.Keys)}.");
        }

        if (!Fits(operation.Operation, type))
        {
            return Refusal.Invalid($"{pointer}/operation", $"A {typeName} has no {name}.");
        }

        if (operation.Operation == LiveOperation.Exists)
        {
            return new LiveLeaf(key, operation.Operation, operation.Negated, type);
        }

        if (!Values(JsonText.Member(leaf, "value"), operation.Operation, type, $"{pointer}/value").Try(out var values, out var refusal))
        {
            return refusal;
        }

        if (operation.Operation != LiveOperation.Regex)
        {
            return new LiveLeaf(key, operation.Operation, operation.Negated, type) { Values = values };
        }

        return LivePattern.Compile(values[0].Text, $"{pointer}/value").Try(out var pattern, out refusal)
            ? new LiveLeaf(key, operation.Operation, operation.Negated, type) { Pattern = pattern }
            : refusal;
    }

    private static bool Fits(LiveOperation operation, LiveType type) => operation switch
    {
        LiveOperation.Includes or LiveOperation.StartsWith or LiveOperation.EndsWith or LiveOperation.Regex => type == LiveType.Text,
        LiveOperation.Greater or LiveOperation.GreaterOrEqual or LiveOperation.Less or LiveOperation.LessOrEqual => type != LiveType.Boolean,
        _ => true,
    };

    private static Outcome<IReadOnlyList<LiveValue>> Values(JsonElement value, LiveOperation operation, LiveType type, string pointer)
    {
        if (operation != LiveOperation.In)
        {
            return Value(value, type) is { } single ? new Outcome<IReadOnlyList<LiveValue>>([single]) : Refusal.Invalid(pointer, Fault(type));
        }

        // A list, or as one text with commas.
        var entries = value.ValueKind switch
        {
            JsonValueKind.Array => [.. value.EnumerateArray().Take(MostValues + 1)],
            JsonValueKind.String => [.. value.GetString()!.Split(',', MostValues + 1, StringSplitOptions.TrimEntries).Select(part => JsonSerializer.SerializeToElement(part))],
            JsonValueKind.Undefined => new List<JsonElement>(),
            _ => [value],
        };
        if (entries.Count is 0 or > MostValues)
        {
            return Refusal.Invalid(pointer, $"Its value is a list of 1 to {MostValues} values.");
        }

        var values = new List<LiveValue>();
        foreach (var entry in entries)
        {
            if (Value(entry, type) is not { } one)
            {
                return Refusal.Invalid(value.ValueKind == JsonValueKind.Array ? $"{pointer}/{values.Count}" : pointer, Fault(type));
            }

            values.Add(one);
        }

        return values;
    }

    // As strict as it can be: a text for a number is let pass only where it spells one.
    private static LiveValue? Value(JsonElement value, LiveType type) => value.ValueKind switch
    {
        JsonValueKind.Object or JsonValueKind.Array => null,
        JsonValueKind.String when value.GetString()!.Length > MostText => null,
        not JsonValueKind.String when type == LiveType.Text => null,
        _ => LiveValue.Of(value, type),
    };

    private static string Fault(LiveType type) => type switch
    {
        LiveType.Text => $"Its value must be a string of at most {MostText} characters.",
        LiveType.Number => "Its value must be a number.",
        _ => "Its value must be true or false.",
    };

    private static string? Text(JsonElement of, string member) =>
        JsonText.Member(of, member) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
