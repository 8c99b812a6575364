using Coordinator.Leases;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Coordinator.Tails;

/// <summary>The filters of a tail by name, but for sampling: each from its JSON to a test of messages.</summary>
internal static class TailFilterKinds
{
    /// <summary>How many values a list may have.</summary>
    public const int MostValues = 32;

    /// <summary>In characters, of any text.</summary>
    public const int MostText = 1_024;

    private const string Unknown = "unknown";
    private static readonly HashSet<string> Outcomes = ["ok", "canceled", "exception", "exceededCpu", "exceededMemory", Unknown];

    /// <summary>Refuses a name that is none, and a value that is not of its shape.</summary>
    public static Outcome<Func<TraceMessage, bool>> Of(JsonProperty filter, string pointer, IPAddress? self) => filter.Name switch
    {
        "outcome" => Outcome(filter.Value, pointer),
        "method" => Method(filter.Value, pointer),
        "header" => Header(filter.Value, pointer),
        "client_ip" => ClientIp(filter.Value, pointer, self),
        "query" => Query(filter.Value, pointer),
        "scriptVersion" => ScriptVersion(filter.Value, pointer),
        _ => Refusal.Invalid(pointer, "There is no such filter."),
    };

    private static Outcome<Func<TraceMessage, bool>> Outcome(JsonElement value, string pointer)
    {
        if (!Texts(value, pointer).Try(out var wanted, out var refusal))
        {
            return refusal;
        }

        if (wanted.FindIndex(name => !Outcomes.Contains(name)) is >= 0 and var index)
        {
            return Refusal.Invalid($"{pointer}/{index}", $"An outcome is one of {string.Join(", ", Outcomes)}.");
        }

        return Any(wanted, message => wanted.Contains(Outcomes.Contains(message.Outcome) ? message.Outcome : Unknown));
    }

    private static Outcome<Func<TraceMessage, bool>> Method(JsonElement value, string pointer) =>
        Texts(value, pointer).Try(out var wanted, out var refusal)
            ? Any(wanted, message => message.Method is { } method && wanted.Contains(method, StringComparer.OrdinalIgnoreCase))
            : refusal;

    private static Outcome<Func<TraceMessage, bool>> Header(JsonElement value, string pointer)
    {
        if (Text(JsonText.Member(value, "key")) is not { Length: > 0 } key)
        {
            return Refusal.Invalid(FilterList.Under(pointer, "key"), $"A header filter has a key of 1 to {MostText} characters.");
        }

        // Without a query any value will do.
        var query = JsonText.Member(value, "query");
        if (query.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return Test(message => message.Header(key) is not null);
        }

        return Text(query) is { } part
            ? Test(message => message.Header(key)?.Contains(part, StringComparison.Ordinal) ?? false)
            : Refusal.Invalid(FilterList.Under(pointer, "query"), $"A header's query is a text of at most {MostText} characters.");
    }

    private static Outcome<Func<TraceMessage, bool>> ClientIp(JsonElement value, string pointer, IPAddress? self)
    {
        if (!Texts(value, pointer).Try(out var texts, out var refusal))
        {
            return refusal;
        }

        var wanted = new HashSet<IPAddress>();
        for (var index = 0; index < texts.Count; index++)
        {
            if (texts[index] != "self" && Address(texts[index]) is { } address)
            {
                wanted.Add(address);
            }
            else if (texts[index] != "self")
            {
                return Refusal.Invalid($"{pointer}/{index}", "A client is an IP address, or self.");
            }
            else if (self is not null)
            {
                wanted.Add(TraceMessage.Plain(self));
            }
        }

        return Any(texts, message => message.ClientIp is { } client && wanted.Contains(client));
    }

    private static Outcome<Func<TraceMessage, bool>> Query(JsonElement value, string pointer) =>
        Text(value) is { } query
            ? Test(message => message.LogTexts.Any(text => text.Contains(query, StringComparison.Ordinal)))
            : Refusal.Invalid(pointer, $"A query is a text of at most {MostText} characters.");

    private static Outcome<Func<TraceMessage, bool>> ScriptVersion(JsonElement value, string pointer) =>
        Text(value) is { Length: > 0 } version
            ? Test(message => message.ScriptVersion == version)
            : Refusal.Invalid(pointer, $"A script version is an id of 1 to {MostText} characters.");

    private static Outcome<Func<TraceMessage, bool>> Any(List<string> wanted, Func<TraceMessage, bool> test) =>
        Test(wanted.Count == 0 ? _ => true : test);

    private static Outcome<Func<TraceMessage, bool>> Test(Func<TraceMessage, bool> test) => test;

    private static Outcome<List<string>> Texts(JsonElement value, string pointer)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > MostValues)
        {
            return Refusal.Invalid(pointer, $"Its value is a list of at most {MostValues} texts.");
        }

        var texts = new List<string>();
        foreach (var (entry, at) in FilterList.Entries(value, pointer))
        {
            if (Text(entry) is not { } text)
            {
                return Refusal.Invalid(at, $"Must be a text of at most {MostText} characters.");
            }

            texts.Add(text);
        }

        return texts;
    }

    private static string? Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { Length: <= MostText } text ? text : null;

    // The parser also takes 1 for 0.0.0.1.
    private static IPAddress? Address(string text) =>
        IPAddress.TryParse(text, out var address) && (address.AddressFamily == AddressFamily.InterNetworkV6 || text.Count(c => c == '.') == 3)
            ? TraceMessage.Plain(address)
            : null;
}
