using System.Buffers;

namespace Coordinator.Gateway.Transcoding.Routes;

/// <summary>
/// A path template of google.api.http:
/// <code>
/// Template  = "/" Segments [ Verb ] ;
/// Segments  = Segment { "/" Segment } ;
/// Segment   = "*" | "**" | LITERAL | Variable ;
/// Variable  = "{" FieldPath [ "=" Segments ] "}" ;
/// FieldPath = IDENT { "." IDENT } ;
/// Verb      = ":" LITERAL ;
/// </code>
/// "**" comes last, and variables do not nest.
/// </summary>
internal sealed class PathTemplate
{
    private static readonly SearchValues<char> BadLiteral = SearchValues.Create("{}*=:?#%");

    private PathTemplate(string text, string? verb, IReadOnlyList<TemplateSegment> segments, IReadOnlyList<TemplateVariable> variables) =>
        (Text, Verb, Segments, Variables) = (text, verb, segments, variables);

    public string Text { get; }

    public string? Verb { get; }

    public IReadOnlyList<TemplateSegment> Segments { get; }

    public IReadOnlyList<TemplateVariable> Variables { get; }

    /// <summary>Throws a <see cref="FormatException"/> with the end of a sentence that begins with the template.</summary>
    public static PathTemplate Parse(string text)
    {
        if (text is not ['/', _, ..])
        {
            throw new FormatException("does not begin with a slash and a segment");
        }

        var (path, verb) = SplitVerb(text[1..]);
        var segments = new List<TemplateSegment>();
        var variables = new List<TemplateVariable>();
        for (var rest = path.AsSpan(); ;)
        {
            var end = EndOfSegment(rest);
            Add(rest[..end].ToString(), segments, variables);
            if (end == rest.Length)
            {
                break;
            }

            rest = rest[(end + 1)..];
        }

        if (segments.SkipLast(1).Any(segment => segment.Kind == SegmentKind.Deep))
        {
            throw new FormatException("has ** before its last segment");
        }

        return new(text, verb, segments, variables);
    }

    private static (string Path, string? Verb) SplitVerb(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon < 0 || text.IndexOfAny(['}', '/'], colon) >= 0)
        {
            return (text, null);
        }

        var verb = text[(colon + 1)..];
        return verb.Length > 0 && verb.AsSpan().IndexOfAny(BadLiteral) < 0
            ? (text[..colon], verb)
            : throw new FormatException("has a custom verb that is not a literal");
    }

    private static int EndOfSegment(ReadOnlySpan<char> rest)
    {
        if (rest is ['{', ..])
        {
            var close = rest.IndexOf('}');
            return close >= 0 && (close + 1 == rest.Length || rest[close + 1] == '/')
                ? close + 1
                : throw new FormatException("has a variable that is not closed, or something behind its brace");
        }

        var slash = rest.IndexOf('/');
        return slash < 0 ? rest.Length : slash;
    }

    private static void Add(string segment, List<TemplateSegment> segments, List<TemplateVariable> variables)
    {
        if (segment is not ['{', .. var inner, '}'])
        {
            segments.Add(Segment(segment));
            return;
        }

        var equals = inner.IndexOf('=', StringComparison.Ordinal);
        var (field, pattern) = equals < 0 ? (inner, "*") : (inner[..equals], inner[(equals + 1)..]);
        if (field.Length == 0 || field.Split('.').Any(name => !IsIdentifier(name)))
        {
            throw new FormatException($"has a variable with the field path '{field}'");
        }

        if (variables.Any(variable => variable.FieldPath == field))
        {
            throw new FormatException($"binds {field} twice");
        }

        var start = segments.Count;
        segments.AddRange(pattern.Split('/').Select(Segment));
        variables.Add(new(field, start, segments.Count - start, segments[^1].Kind == SegmentKind.Deep));
    }

    private static TemplateSegment Segment(string text) => text switch
    {
        "*" => new(SegmentKind.Single, text),
        "**" => new(SegmentKind.Deep, text),
        "" => throw new FormatException("has an empty segment"),
        _ when text.AsSpan().IndexOfAny(BadLiteral) >= 0 => throw new FormatException($"has the segment '{text}', which is neither a literal nor a wildcard nor a variable"),
        _ => new(SegmentKind.Literal, text),
    };

    private static bool IsIdentifier(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_');
}

/// <summary>What a segment of a template stands for.</summary>
internal enum SegmentKind
{
    Literal,
    Single,
    Deep,
}

/// <summary>One segment of a template, those within variables included.</summary>
internal readonly record struct TemplateSegment(SegmentKind Kind, string Text);

/// <summary>A variable: the segments it covers, and whether it goes on to the end of the path.</summary>
internal readonly record struct TemplateVariable(string FieldPath, int Start, int Count, bool ToEnd)
{
    /// <summary>Whether its value may have slashes of its own, between segments.</summary>
    public bool ManySegments => Count > 1 || ToEnd;
}
