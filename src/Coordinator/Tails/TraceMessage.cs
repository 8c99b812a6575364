using Coordinator.Leases;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Coordinator.Tails;

/// <summary>
/// What a script emitted in one invocation, as tails show it: what came to the letter (order, numbers, members that nobody here knows), with
/// what every message must have put behind it where it was missing or of a wrong type.
/// </summary>
internal sealed class TraceMessage
{
    /// <summary>In bytes, as it comes.</summary>
    public const int MostBytes = 128 * 1024;

    /// <summary>How many objects and arrays may stand within each other.</summary>
    public const int MostDeep = 32;

    private TraceMessage(JsonText json) => (Json, Root) = (json.Text, json.Root);

    /// <summary>One JSON object on one line.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>The same, taken apart.</summary>
    public JsonElement Root { get; }

    public string ScriptName => JsonText.Of(Root.GetProperty("scriptName"));

    /// <summary>As it came, such as <c>ok</c> or <c>exceededCpu</c>.</summary>
    public string Outcome => JsonText.Of(Root.GetProperty("outcome"));

    /// <summary>An object, or null.</summary>
    public JsonElement Event => Root.GetProperty("event");

    /// <summary>A number: milliseconds since 1970.</summary>
    public JsonElement EventTimestamp => Root.GetProperty("eventTimestamp");

    /// <summary>An array, as is <see cref="Exceptions"/>.</summary>
    public JsonElement Logs => Root.GetProperty("logs");

    public JsonElement Exceptions => Root.GetProperty("exceptions");

    /// <summary>Of a request; null for other events.</summary>
    public string? Method => Text(JsonText.Member(Request, "method"));

    /// <summary>Null where it is not told.</summary>
    public string? ScriptVersion => Text(JsonText.Member(JsonText.Member(Root, "scriptVersion"), "id"));

    /// <summary>Who made the request, by its header cf-connecting-ip, else x-real-ip; null where neither is an address.</summary>
    public IPAddress? ClientIp => IPAddress.TryParse(Header("cf-connecting-ip") ?? Header("x-real-ip"), out var address) ? Plain(address) : null;

    /// <summary>What each log says: its parts with a space between them.</summary>
    public IEnumerable<string> LogTexts => Logs.EnumerateArray().Select(LogText);

    private JsonElement Request => JsonText.Member(Event, "request");

    /// <summary>Refuses what is not a JSON object, too large or too deep.</summary>
    /// <param name="text">Kept as it is: it must not change later.</param>
    /// <param name="script">The script whose message it is, if it does not say.</param>
    /// <param name="now">When it came, if it does not say when it happened.</param>
    public static Outcome<TraceMessage> Parse(ReadOnlyMemory<byte> text, string script, DateTimeOffset now)
    {
        if (text.Length > MostBytes)
        {
            return Refusal.Invalid("events", $"a message may have at most {MostBytes} bytes");
        }

        return JsonText.Read(text, MostDeep) is { Root.ValueKind: JsonValueKind.Object } json
            ? new TraceMessage(Complete(json, script, now))
            : Refusal.Invalid("events", $"a message must be a JSON object, at most {MostDeep} deep");
    }

    /// <summary>The value of a request's header, in whatever case it is spelled; null for none.</summary>
    public string? Header(string name)
    {
        var headers = JsonText.Member(Request, "headers");
        if (headers.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        foreach (var header in headers.EnumerateObject())
        {
            if (header.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return JsonText.Of(header.Value);
            }
        }

        return null;
    }

    /// <summary>What one entry of <see cref="Logs"/> says.</summary>
    public static string LogText(JsonElement log)
    {
        var message = JsonText.Member(log, "message");
        return message.ValueKind == JsonValueKind.Array ? string.Join(' ', message.EnumerateArray().Select(JsonText.Of)) : JsonText.Of(message);
    }

    // IPv4 as IPv4, also where it arrived over IPv6.
    internal static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static JsonText Complete(JsonText json, string script, DateTimeOffset now)
    {
        // Readers reach into these without looking.
        var wanting = new List<(string Name, string Value)>();
        Require("outcome", kind => kind == JsonValueKind.String, () => "\"ok\"");
        Require("scriptName", kind => kind == JsonValueKind.String, () => JsonSerializer.Serialize(script));
        Require("exceptions", kind => kind == JsonValueKind.Array, () => "[]");
        Require("logs", kind => kind == JsonValueKind.Array, () => "[]");
        Require("eventTimestamp", kind => kind == JsonValueKind.Number, () => now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        Require("event", kind => kind is JsonValueKind.Object or JsonValueKind.Null, () => "null");
        if (wanting.Count == 0)
        {
            return json;
        }

        // As a rule what is wanting is not there at all, and stands behind the rest.
        var kept = wanting.Exists(member => Kind(member.Name) != JsonValueKind.Undefined)
            ? string.Join(',', json.Root.EnumerateObject().Where(member => !wanting.Exists(other => member.NameEquals(other.Name))))
            : Encoding.UTF8.GetString(json.Text.Span[1..^1]);
        var added = string.Join(',', wanting.Select(member => $"\"{member.Name}\":{member.Value}"));
        var text = Encoding.UTF8.GetBytes($"{{{kept}{(kept.Length > 0 ? "," : "")}{added}}}");
        return new(text, JsonElement.Parse(text, new JsonDocumentOptions { MaxDepth = MostDeep }));

        JsonValueKind Kind(string name) => JsonText.Member(json.Root, name).ValueKind;

        void Require(string name, Func<JsonValueKind, bool> right, Func<string> value)
        {
            if (!right(Kind(name)))
            {
                wanting.Add((name, value()));
            }
        }
    }
}
