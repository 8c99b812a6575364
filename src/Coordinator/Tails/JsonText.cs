using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Coordinator.Tails;

/// <summary>JSON (RFC 8259) that came from outside, ready to be shown as it is.</summary>
/// <param name="Text">
/// What came, to the letter, but on one line (white space between values is taken out), and with U+FFFD in place of halves of surrogate
/// pairs, which a program may emit but no UTF-8 can carry.
/// </param>
/// <param name="Root">The same, taken apart.</param>
internal sealed record JsonText(ReadOnlyMemory<byte> Text, JsonElement Root)
{
    // A backslash, u, and four digits.
    private const int EscapeLength = 6;

    /// <summary>Null for what is not UTF-8, not JSON, or nested deeper than this.</summary>
    public static JsonText? Read(ReadOnlyMemory<byte> text, int mostDeep)
    {
        if (!Utf8.IsValid(text.Span))
        {
            return null;
        }

        var options = new JsonDocumentOptions { MaxDepth = mostDeep };
        try
        {
            var root = JsonElement.Parse(text.Span, options);
            var plain = Plain(text.Span);
            return plain is null ? new(text, root) : new(plain, JsonElement.Parse(plain, options));
        }
        catch (JsonException)
        {
            // The parser's only way to say so.
            return null;
        }
    }

    /// <summary>A string as its text, nothing and null as an empty one, anything else as its JSON.</summary>
    public static string Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Undefined or JsonValueKind.Null => "",
        _ => value.GetRawText(),
    };

    /// <summary>A member of an object; <see cref="JsonValueKind.Undefined"/> where there is no such object or member.</summary>
    public static JsonElement Member(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value : default;

    // Null where nothing is to be changed. The text is known to be JSON: a backslash stands only within a string, and begins a whole escape.
    private static byte[]? Plain(ReadOnlySpan<byte> from)
    {
        if (from.IndexOfAny(" \t\r\n\\"u8) < 0)
        {
            return null;
        }

        var (to, length, quoted, replaced) = (new byte[from.Length], 0, false, false);
        for (var at = 0; at < from.Length;)
        {
            var (taken, whole) = from[at] == '\\' ? Escape(from[at..]) : (1, true);
            quoted ^= from[at] == '"';
            if (!quoted && from[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                at++;
                continue;
            }

            (whole ? from.Slice(at, taken) : @"\ufffd"u8).CopyTo(to.AsSpan(length));
            (at, length, replaced) = (at + taken, length + taken, replaced || !whole);
        }

        return length < from.Length || replaced ? to[..length] : null;
    }

    // How long it is, both halves of a pair together, and whether it is whole.
    private static (int Length, bool Whole) Escape(ReadOnlySpan<byte> text)
    {
        if (text[1] != 'u')
        {
            return (2, true);
        }

        var unit = Unit(text);
        if (!char.IsSurrogate(unit))
        {
            return (EscapeLength, true);
        }

        var rest = text[EscapeLength..];
        return char.IsHighSurrogate(unit) && rest.StartsWith(@"\u"u8) && char.IsLowSurrogate(Unit(rest))
            ? (EscapeLength * 2, true)
            : (EscapeLength, false);
    }

    private static char Unit(ReadOnlySpan<byte> escape) =>
        (char)ushort.Parse(escape[2..EscapeLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
