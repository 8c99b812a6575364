using System.Globalization;
using System.Reflection;

namespace EndToEnd.Tests.Surfaces.Scripts;

/// <summary>
/// Reads the files beside the tests. <c>=== title</c> begins a case; <c>&gt; METHOD target</c> a request, with further <c>&gt; Name: value</c>
/// lines and a body; <c>&lt; status</c> its answer, with <c>&lt; name: value</c> lines and a body, all of which must be so, and nothing
/// else in the body. A body is the line or lines up to the next mark, line breaks left out. <c>#</c> begins a comment. In front of the
/// cases <c>@name text</c> gives a text a name: <c>{@name}</c> stands for it.
/// </summary>
internal static class CaseFile
{
    public static IReadOnlyList<Case> Read(string name)
    {
        var assembly = Assembly.GetExecutingAssembly();
        using var stream = assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"There is no file {name}.");
        using var reader = new StreamReader(stream);
        var parts = reader.ReadToEnd().Split("\n=== ");
        var texts = parts[0].Split('\n').Where(line => line.StartsWith('@')).Select(line => line[1..].Split(' ', 2)).ToList();
        var cases = parts.Skip(1).Select(part => Parse(texts.Aggregate(part, (whole, text) => whole.Replace($"{{@{text[0]}}}", text[1], StringComparison.Ordinal)))).ToList();
        var twice = cases.GroupBy(one => one.Title).FirstOrDefault(group => group.Count() > 1);
        return twice is null ? cases : throw new InvalidOperationException($"{name}: two cases are called {twice.Key}.");
    }

    private static Case Parse(string text)
    {
        var lines = text.Split('\n').Where(line => line.Length > 0 && !line.StartsWith('#')).ToList();
        var exchanges = new List<Exchange>();
        for (var at = 1; at < lines.Count;)
        {
            exchanges.Add(ParseExchange(lines, ref at));
        }

        return new(lines[0].Trim(), exchanges);
    }

    private static Exchange ParseExchange(List<string> lines, ref int at)
    {
        var (request, body) = Part(lines, ref at, "> ");
        var (answer, expected) = Part(lines, ref at, "< ");
        if (request.Count == 0 || answer.Count == 0)
        {
            throw new InvalidOperationException($"{lines[0]}: a request or its answer is missing.");
        }

        var (method, target) = request[0].Split(' ', 2) is [var first, var second] ? (first, second) : throw new InvalidOperationException(request[0]);
        return new(method, target, request[1..], body, int.Parse(answer[0], CultureInfo.InvariantCulture), answer[1..], expected);
    }

    private static (List<string> Marked, string? Body) Part(List<string> lines, ref int at, string mark)
    {
        var marked = new List<string>();
        for (; at < lines.Count && lines[at].StartsWith(mark, StringComparison.Ordinal); at++)
        {
            marked.Add(lines[at][mark.Length..]);
        }

        var body = new List<string>();
        for (; at < lines.Count && !lines[at].StartsWith("> ", StringComparison.Ordinal) && !lines[at].StartsWith("< ", StringComparison.Ordinal); at++)
        {
            body.Add(lines[at]);
        }

        return (marked, body.Count == 0 ? null : string.Concat(body));
    }
}
