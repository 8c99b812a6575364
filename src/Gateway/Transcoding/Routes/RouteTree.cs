namespace Coordinator.Gateway.Transcoding.Routes;

/// <summary>
/// Every binding by its path, segment by segment: a literal goes before a single wildcard, that before one for the rest. Paths are
/// matched in their own case, and a trailing slash is no route.
/// </summary>
internal sealed class RouteTree
{
    private readonly Node _root = new();

    /// <summary>Throws an <see cref="InvalidOperationException"/> where another method is called in the same way.</summary>
    public void Add(Binding binding)
    {
        var node = _root;
        foreach (var segment in binding.Template.Segments)
        {
            node = segment.Kind switch
            {
                SegmentKind.Literal => node.Literals.TryGetValue(segment.Text, out var next) ? next : node.Literals[segment.Text] = new(),
                SegmentKind.Single => node.Single ??= new(),
                _ => node.Deep ??= new(),
            };
        }

        var leaf = node.Leaves.FirstOrDefault(leaf => leaf.Verb == binding.Template.Verb);
        if (leaf is null)
        {
            node.Leaves.Add(leaf = new(binding.Template.Verb, []));
        }

        if (leaf.Bindings.FirstOrDefault(other => other.HttpMethod == binding.HttpMethod && other.Streams == binding.Streams) is { } taken)
        {
            throw new InvalidOperationException($"{binding.Method.FullName} is called as {binding.HttpMethod} {binding.Template.Text}, but so is {taken.Method.FullName}.");
        }

        leaf.Bindings.Add(binding);
    }

    public RouteMatch Find(string httpMethod, RequestTarget target, string[] decoded)
    {
        if (decoded.Length == 0)
        {
            return RouteMatch.None;
        }

        var allowed = new SortedSet<string>(StringComparer.Ordinal);
        var (last, colon) = (target.Raw[^1], target.Raw[^1].LastIndexOf(':'));
        if (colon > 0 && PercentCoding.TryDecode(last.AsSpan(0, colon), out var before))
        {
            string[] shortened = [.. decoded[..^1], before];
            var match = Search(_root, shortened, 0, httpMethod, last[(colon + 1)..], allowed);
            if (match.Count > 0)
            {
                return new(match, shortened, [.. target.Raw.SkipLast(1), last[..colon]], allowed);
            }
        }

        return new(Search(_root, decoded, 0, httpMethod, null, allowed), decoded, target.Raw, allowed);
    }

    private static List<Binding> Search(Node node, string[] segments, int at, string httpMethod, string? verb, SortedSet<string> allowed)
    {
        if (at == segments.Length)
        {
            var found = Choose(node, segments, httpMethod, verb, allowed);
            return found.Count > 0 || node.Deep is null ? found : Choose(node.Deep, segments, httpMethod, verb, allowed);
        }

        Node?[] next = [node.Literals.GetValueOrDefault(segments[at]), node.Single];
        foreach (var child in next)
        {
            if (child is not null && Search(child, segments, at + 1, httpMethod, verb, allowed) is { Count: > 0 } deeper)
            {
                return deeper;
            }
        }

        return node.Deep is null ? [] : Choose(node.Deep, segments, httpMethod, verb, allowed);
    }

    private static List<Binding> Choose(Node node, string[] segments, string httpMethod, string? verb, SortedSet<string> allowed)
    {
        var leaf = node.Leaves.FirstOrDefault(leaf => leaf.Verb == verb);
        if (leaf is null)
        {
            return [];
        }

        // The last segment is never an empty value: that would be a trailing slash.
        var empty = Array.IndexOf(segments, "");
        var open = leaf.Bindings.Where(binding => empty < 0 || (binding.Operation.EmptySegments && segments[^1].Length > 0)).ToList();
        allowed.UnionWith(open.Select(binding => binding.HttpMethod));
        return open.FindAll(binding => binding.HttpMethod == httpMethod);
    }

    private sealed class Node
    {
        public Dictionary<string, Node> Literals { get; } = new(StringComparer.Ordinal);

        public Node? Single { get; set; }

        public Node? Deep { get; set; }

        public List<Leaf> Leaves { get; } = [];
    }

    private sealed record Leaf(string? Verb, List<Binding> Bindings);
}

/// <summary>The bindings of a path (a unary and a streaming one at most), and the HTTP methods that the path has.</summary>
internal sealed record RouteMatch(IReadOnlyList<Binding> Bindings, IReadOnlyList<string> Decoded, IReadOnlyList<string> Raw, IReadOnlyCollection<string> Allowed)
{
    public static RouteMatch None { get; } = new([], [], [], []);
}
