using System.Globalization;
using System.Text.Json;

namespace Coordinator.Tails;

/// <summary>A node of a live tail's filters.</summary>
internal abstract class LiveNode
{
    /// <param name="shown">A frame as <see cref="LiveShape"/> makes them.</param>
    public abstract bool Passes(JsonElement shown);
}

/// <summary>Nodes that must all pass, or of which one must.</summary>
internal sealed class LiveGroup(bool any, IReadOnlyList<LiveNode> nodes) : LiveNode
{
    public override bool Passes(JsonElement shown) => any ? nodes.Any(node => node.Passes(shown)) : nodes.All(node => node.Passes(shown));
}

/// <summary>
/// Looks at one value of what is shown. A list passes if one of its entries does; what is not there passes nothing but negations.
/// </summary>
internal sealed class LiveLeaf(string key, LiveOperation operation, bool negated, LiveType type) : LiveNode
{
    /// <summary>What is compared with; none for <see cref="LiveOperation.Exists"/> and <see cref="LiveOperation.Regex"/>.</summary>
    public IReadOnlyList<LiveValue> Values { get; init; } = [];

    /// <summary>For <see cref="LiveOperation.Regex"/>.</summary>
    public LivePattern? Pattern { get; init; }

    public override bool Passes(JsonElement shown)
    {
        var found = Find(shown, key);
        var exists = found.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);
        var passes = operation == LiveOperation.Exists ? exists
            : found.ValueKind == JsonValueKind.Array ? found.EnumerateArray().Any(Test)
            : Test(found);
        return passes != negated;
    }

    // Names may have dots of their own: what is left of the key is first tried as one.
    private static JsonElement Find(JsonElement at, ReadOnlySpan<char> key)
    {
        while (true)
        {
            if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(key, out var whole))
            {
                return whole;
            }

            var dot = key.IndexOf('.');
            var head = dot < 0 ? key : key[..dot];
            if (at.ValueKind == JsonValueKind.Array)
            {
                var numbered = int.TryParse(head, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < at.GetArrayLength();
                at = numbered ? at[index] : default;
            }
            else
            {
                at = at.ValueKind == JsonValueKind.Object && at.TryGetProperty(head, out var member) ? member : default;
            }

            if (dot < 0 || at.ValueKind == JsonValueKind.Undefined)
            {
                return at;
            }

            key = key[(dot + 1)..];
        }
    }

    private bool Test(JsonElement element) => LiveValue.Of(element, type) is { } value && (operation switch
    {
        LiveOperation.Includes => value.Text.Contains(Values[0].Text, StringComparison.Ordinal),
        LiveOperation.StartsWith => value.Text.StartsWith(Values[0].Text, StringComparison.Ordinal),
        LiveOperation.EndsWith => value.Text.EndsWith(Values[0].Text, StringComparison.Ordinal),
        LiveOperation.Regex => Pattern!.IsMatch(value.Text),
        LiveOperation.In or LiveOperation.Equal => Values.Any(wanted => value.CompareTo(wanted) == 0),
        LiveOperation.Greater => value.CompareTo(Values[0]) > 0,
        LiveOperation.GreaterOrEqual => value.CompareTo(Values[0]) >= 0,
        LiveOperation.Less => value.CompareTo(Values[0]) < 0,
        LiveOperation.LessOrEqual => value.CompareTo(Values[0]) <= 0,
        _ => throw new InvalidOperationException($"An operation without a test: {operation}."),
    });
}
