using Coordinator.Leases;
using System.Text.Json;

namespace Coordinator.Tails;

/// <summary>What both kinds of filters begin as: a bounded JSON list, and places in it as JSON pointers (RFC 6901).</summary>
internal static class FilterList
{
    /// <summary>Of a body: <c>{"filters":[…]}</c>.</summary>
    public const string Root = "/filters";

    // Objects and arrays within each other: more than filters of any kind need, so that theirs is the bound that is met.
    private const int MostDeep = 64;

    /// <summary>The entries with their places. Empty for no bytes, and for null.</summary>
    public static Outcome<IReadOnlyList<(JsonElement Filter, string Pointer)>> Read(ReadOnlyMemory<byte> json, int mostBytes, int mostFilters)
    {
        if (json.IsEmpty)
        {
            return new([]);
        }

        if (json.Length > mostBytes)
        {
            return Refusal.Invalid(Root, $"Filters may have at most {mostBytes} bytes.");
        }

        if (JsonText.Read(json, MostDeep)?.Root is not { ValueKind: JsonValueKind.Array or JsonValueKind.Null } root)
        {
            return Refusal.Invalid(Root, "Filters must be a list.");
        }

        if (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > mostFilters)
        {
            return Refusal.Invalid(Root, $"There may be at most {mostFilters} filters.");
        }

        return new(root.ValueKind == JsonValueKind.Array ? [.. Entries(root, Root)] : []);
    }

    public static IEnumerable<(JsonElement Filter, string Pointer)> Entries(JsonElement list, string pointer) =>
        list.EnumerateArray().Select((entry, index) => (entry, $"{pointer}/{index}"));

    /// <summary>The place of a member.</summary>
    public static string Under(string pointer, string name) =>
        $"{pointer}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
}
