using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;

namespace EndToEnd.Tests.Surfaces.Scripts;

/// <summary>One input to one operation and the statuses that are right; <c>Cases/bad-input.txt</c> says how they are written.</summary>
internal sealed partial record BadInput(string Section, Operation Operation, string Statuses, string Input)
{
    public string Title => $"{Operation.Name} {Section} {(Input.Length > 200 ? Input[..200] : Input)}";

    /// <summary>Whether the status is right, and whether the surface's envelope must come with it.</summary>
    public (bool Right, bool Enveloped) Judge(int status) =>
        Statuses.Split(',') is var all && all.Contains($"{status}!") ? (true, all.Contains($"{status}")) : (all.Contains($"{status}"), true);

    public static IReadOnlyList<BadInput> Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidOperationException($"There is no file {name}.");
        using var reader = new StreamReader(stream);
        var section = "";
        var rows = new List<BadInput>();
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('['))
            {
                section = line.Trim('[', ']');
            }
            else if (line.Split(" | ", 2) is [var statuses, var input] && line[0] != '#')
            {
                rows.AddRange(statuses.Split(' ').Zip(Operation.All).Where(cell => cell.First != "-").Select(cell => new BadInput(section, cell.Second, cell.First, input)));
            }
        }

        return rows;
    }

    /// <summary>Text with <c>‹c3a9›</c> for bytes that no text has, and ¶ for CR LF.</summary>
    public static byte[] Bytes(string text)
    {
        var bytes = new List<byte>();
        var at = 0;
        text = text.Replace("¶", "\r\n", StringComparison.Ordinal);
        foreach (Match hex in Hex().Matches(text))
        {
            bytes.AddRange(Encoding.UTF8.GetBytes(text[at..hex.Index]));
            bytes.AddRange(Convert.FromHexString(hex.Groups[1].Value));
            at = hex.Index + hex.Length;
        }

        bytes.AddRange(Encoding.UTF8.GetBytes(text[at..]));
        return [.. bytes];
    }

    [GeneratedRegex("‹([0-9a-f]+)›")]
    private static partial Regex Hex();
}

/// <summary>An operation that bad input is sent to: its path around the id, its credential, a body it takes, and the keys of its envelope.</summary>
internal sealed record Operation(string Name, string Before, string Id, string After, string Credential, string Good, string String, string Number, params string[] ErrorKeys)
{
    public static readonly IReadOnlyList<Operation> All =
    [
        new("report", "/api/agents/runs/", "{claimed}", "/events", "Bearer {token}",
            """{"worker_id":"example"}""", """{"worker_id":"example","phase":""", """{"worker_id":"example","lease_seconds":""", "error", "code"),
        new("activity", "/v1/workers/", "{worker}", "/activity-heartbeat", "Bearer {activity}",
            """{"isActiveRecently":true}""", """{"isActiveRecently":true,"sentAt":""", """{"isActiveRecently":true,"openSessionCount":""", "error"),
        new("beat", "/v1/tunnels/", "{tunnel}", "/heartbeat", "Bearer {token}",
            "{}", """{"a":""", """{"a":""", "code", "message"),
        new("create", "/v1/tunnels", "", "", "Bearer {token}",
            """{"port":3000}""", """{"port":3000,"requestedSlug":""", """{"port":""", "code", "message"),
    ];

    public string Path => Before + Id + After;

    // A member more can follow the open one.
    private string Open => Good == "{}" ? """{"a":1""" : Good[..^1];

    /// <summary>Puts in what the rows say for all operations alike.</summary>
    public string Own(string input, string host) => input
        .Replace("{good}", Good, StringComparison.Ordinal).Replace("{open}", Open, StringComparison.Ordinal)
        .Replace("{string}", String, StringComparison.Ordinal).Replace("{number}", Number, StringComparison.Ordinal)
        .Replace("{path}", Path, StringComparison.Ordinal).Replace("{mine}", Credential, StringComparison.Ordinal)
        .Replace("{size}", $"{Good.Length}", StringComparison.Ordinal).Replace("{hex}", Good.Length.ToString("x", CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{host}", host, StringComparison.Ordinal);
}
