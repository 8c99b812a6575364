using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace EndToEnd.Tests.Surfaces.Scripts;

/// <summary>
/// Text with named holes: <c>{uuid}</c> takes what such a thing looks like, <c>{in120}</c> an instant of about 120 s from now,
/// <c>{run=uuid}</c> also keeps it under a name for the exchanges after; <c>{run}</c> is what was kept. <c>«x*200»</c> is 200 times the
/// text before the star. All else is compared byte for byte.
/// </summary>
internal static partial class Template
{
    private const string Time3 = @"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z";

    // As the page gives it, within JSON.
    private const string DatePattern =
        @"^(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])" +
        @"|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|(?:02)-(?:0[1-9]|1\\d|2[0-8])))T(?:(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d+)?)?(?:Z))$";

    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(10);

    private static readonly Dictionary<string, string> Kinds = new()
    {
        ["uuid"] = "[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        ["wrk"] = "wrk_[0-7][0-9a-hjkmnp-tv-z]{25}",
        ["time3"] = Time3,
        ["nulltime"] = $@"null|""{Time3}""",
        ["digits"] = @"[1-9]\d*",
        ["int"] = @"0|[1-9]\d*",
        ["text"] = @"(?:[^""\\]|\\.)+",
        ["smile"] = @"🙂|\\uD83D\\uDE42",
        ["code"] = "[A-Z][A-Z_]+",
        ["slug8"] = "[a-z0-9]{8}",
        ["domain"] = @"[a-z0-9-]+(?:\.[a-z0-9-]+)*",
        ["pattern"] = $"/?{Regex.Escape(DatePattern)}/?",
        ["any"] = ".*",
    };

    /// <summary>Fills every hole with what is known by its name.</summary>
    public static async Task<string> FillAsync(string text, Func<string, Task<string>> known)
    {
        text = Repeated(text);
        var filled = new StringBuilder();
        var at = 0;
        foreach (Match hole in Hole().Matches(text))
        {
            filled.Append(text, at, hole.Index - at).Append(await known(hole.Groups["name"].Value));
            at = hole.Index + hole.Length;
        }

        return filled.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>Null where the text is as the template says; else what is wrong. What it names is kept.</summary>
    public static string? Compare(string template, string actual, IDictionary<string, string> kept, DateTimeOffset now)
    {
        template = Repeated(template);
        var pattern = new StringBuilder(@"\A");
        var instants = new List<(string Group, int Seconds)>();
        var at = 0;
        foreach (Match hole in Hole().Matches(template))
        {
            pattern.Append(Regex.Escape(template[at..hole.Index])).Append(Expected(hole, kept, instants));
            at = hole.Index + hole.Length;
        }

        var match = Regex.Match(actual, pattern.Append(Regex.Escape(template[at..])).Append(@"\z").ToString(), RegexOptions.Singleline);
        if (!match.Success)
        {
            return $"expected {template}\n     got {actual}";
        }

        foreach (var name in match.Groups.Keys.Where(name => name.StartsWith("keep_", StringComparison.Ordinal)))
        {
            kept[name["keep_".Length..]] = match.Groups[name].Value;
        }

        return instants.Select(instant => Near(match.Groups[instant.Group].Value, now.AddSeconds(instant.Seconds))).FirstOrDefault(fault => fault is not null);
    }

    private static string Expected(Match hole, IDictionary<string, string> kept, List<(string Group, int Seconds)> instants)
    {
        var name = hole.Groups["name"].Value;
        if (hole.Groups["keep"].Success)
        {
            return $"(?<keep_{hole.Groups["keep"].Value}>{Kinds[name]})";
        }

        if (InSeconds().Match(name) is { Success: true } seconds)
        {
            instants.Add(($"at{instants.Count}", int.Parse(seconds.Groups[1].Value, CultureInfo.InvariantCulture)));
            return $"(?<{instants[^1].Group}>{Time3})";
        }

        return kept.TryGetValue(name, out var value) ? Regex.Escape(value) : $"(?:{Kinds[name]})";
    }

    private static string Repeated(string text) => Repeat().Replace(text, match =>
        string.Concat(Enumerable.Repeat(match.Groups[1].Value, int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture))));

    private static string? Near(string text, DateTimeOffset expected)
    {
        var actual = DateTimeOffset.ParseExact(text, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        return (actual - expected).Duration() <= Slack ? null : $"expected an instant near {expected:O}, got {text}";
    }

    [GeneratedRegex(@"\{(?:(?<keep>[a-z][a-z0-9]*)=)?(?<name>[a-z][a-z0-9]*)\}")]
    private static partial Regex Hole();

    [GeneratedRegex(@"«([^»]+?)\*(\d+)»")]
    private static partial Regex Repeat();

    [GeneratedRegex(@"\Ain(\d+)\z")]
    private static partial Regex InSeconds();
}
