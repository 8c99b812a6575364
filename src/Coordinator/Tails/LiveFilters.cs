using Coordinator.Leases;
using System.Text.Json;

namespace Coordinator.Tails;

/// <summary>
/// Which frames a live tail shows, compiled once from the tree that its client sent. A leaf is
/// <c>{"key","operation","type":"string|number|boolean","kind"?:"filter","value"?}</c>, its key a dotted path into the frame, such as
/// <c>$workers.outcome</c> or <c>source.event.request.method</c> (a number is an index of a list); a group is
/// <c>{"kind":"group","filterCombination":"and|or|AND|OR","filters":[…]}</c>.
/// </summary>
internal sealed class LiveFilters
{
    /// <summary>In bytes, of the whole tree.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>Groups and leaves together.</summary>
    public const int MostNodes = 100;

    /// <summary>Groups within each other, the list itself as the first.</summary>
    public const int MostDeep = 8;

    /// <summary>Regular expressions.</summary>
    public const int MostPatterns = 4;

    /// <summary>No filters: everything passes.</summary>
    public static readonly LiveFilters None = new(new LiveGroup(any: false, []));

    private const string Combinations = "A filter combination is one of and, or, AND, OR.";
    private readonly LiveNode _root;

    private LiveFilters(LiveNode root) => _root = root;

    /// <summary>
    /// Refuses with <see cref="RefusalKind.InvalidField"/>, whose field is a JSON pointer (RFC 6901) into the body, such as
    /// <c>/filters/0/filters/1/operation</c>.
    /// </summary>
    /// <param name="json">A list; empty or null for none.</param>
    /// <param name="combination">and, or, AND, OR: of the list itself; null is and.</param>
    public static Outcome<LiveFilters> Compile(ReadOnlyMemory<byte> json, string? combination)
    {
        if (!FilterList.Read(json, MostBytes, MostNodes).Try(out var filters, out var refusal))
        {
            return refusal;
        }

        if (Any(combination ?? "and") is not { } any)
        {
            return Refusal.Invalid("/filterCombination", Combinations);
        }

        if (filters.Count == 0)
        {
            return None;
        }

        return new Compiler().Group(filters, any, 1).Try(out var root, out refusal) ? new LiveFilters(root) : refusal;
    }

    public bool Matches(LiveFrame frame) => _root.Passes(frame.Root);

    private static bool? Any(string? combination) => combination switch { "and" or "AND" => false, "or" or "OR" => true, _ => null };

    private sealed class Compiler
    {
        private int _nodes;
        private int _patterns;

        public Outcome<LiveNode> Group(IReadOnlyList<(JsonElement Filter, string Pointer)> filters, bool any, int depth)
        {
            var nodes = new List<LiveNode>();
            foreach (var (filter, pointer) in filters)
            {
                if (!Node(filter, pointer, depth).Try(out var node, out var refusal))
                {
                    return refusal;
                }

                nodes.Add(node);
            }

            return new LiveGroup(any, nodes);
        }

        private Outcome<LiveNode> Node(JsonElement filter, string pointer, int depth)
        {
            if (filter.ValueKind != JsonValueKind.Object)
            {
                return Refusal.Invalid(pointer, "A filter must be an object.");
            }

            if (++_nodes > MostNodes)
            {
                return Refusal.Invalid(pointer, $"There may be at most {MostNodes} filters in all.");
            }

            var kind = JsonText.Member(filter, "kind");
            return (kind.ValueKind == JsonValueKind.String ? kind.GetString() : kind.ValueKind == JsonValueKind.Undefined ? "filter" : null) switch
            {
                "filter" => Leaf(filter, pointer),
                "group" when depth == MostDeep => Refusal.Invalid(pointer, $"Groups may be at most {MostDeep} deep."),
                "group" => Group(filter, pointer, depth + 1),
                _ => Refusal.Invalid($"{pointer}/kind", "A kind is filter or group."),
            };
        }

        private Outcome<LiveNode> Group(JsonElement group, string pointer, int depth)
        {
            if (JsonText.Member(group, "filterCombination") is not { ValueKind: JsonValueKind.String } combination || Any(combination.GetString()) is not { } any)
            {
                return Refusal.Invalid($"{pointer}/filterCombination", Combinations);
            }

            return JsonText.Member(group, "filters") is { ValueKind: JsonValueKind.Array } filters && filters.GetArrayLength() > 0
                ? Group([.. FilterList.Entries(filters, $"{pointer}/filters")], any, depth)
                : Refusal.Invalid($"{pointer}/filters", "A group has at least one filter.");
        }

        private Outcome<LiveNode> Leaf(JsonElement filter, string pointer)
        {
            if (!LiveLeaves.Compile(filter, pointer).Try(out var leaf, out var refusal))
            {
                return refusal;
            }

            return leaf.Pattern is not null && ++_patterns > MostPatterns
                ? Refusal.Invalid(pointer, $"There may be at most {MostPatterns} regular expressions in all.")
                : leaf;
        }
    }
}
