using System.Text.Json;

namespace Coordinator.Tails;

/// <summary>What set a script off, in a word and a line.</summary>
internal static class TraceEvents
{
    // A kind of event is known by a member that only it has; an alarm has a time as a schedule has, but no cron.
    private static readonly (string Member, string Type, Func<JsonElement, string> Line)[] Kinds =
    [
        ("request", "fetch", found => $"{Line(JsonText.Member(found, "request"), "method")} {Line(JsonText.Member(found, "request"), "url")}".Trim()),
        ("cron", "scheduled", found => Line(found, "cron")),
        ("queue", "queue", found => Line(found, "queue")),
        ("mailFrom", "email", found => Line(found, "mailFrom")),
        ("rpcMethod", "rpc", found => Line(found, "rpcMethod")),
        ("consumedEvents", "tail", _ => "tail"),
        ("scheduledTime", "alarm", found => Line(found, "scheduledTime")),
        ("message", "info", found => Line(found, "message")),
    ];

    /// <summary><c>unknown</c> with an empty line for an event that is null, or of no kind.</summary>
    public static (string Type, string Line) Describe(JsonElement found)
    {
        foreach (var (member, type, line) in Kinds)
        {
            if (JsonText.Member(found, member).ValueKind != JsonValueKind.Undefined)
            {
                return (type, line(found));
            }
        }

        return ("unknown", "");
    }

    private static string Line(JsonElement of, string member) => JsonText.Of(JsonText.Member(of, member));
}
