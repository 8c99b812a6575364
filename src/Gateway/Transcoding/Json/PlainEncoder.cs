using System.Text;
using System.Text.Encodings.Web;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>
/// Escapes what RFC 8259 asks for and nothing else, as JSON.stringify does: quotes, backslashes, control characters, and halves of
/// surrogate pairs. The framework's own encoders escape whatever lies beyond the basic plane as well.
/// </summary>
internal sealed class PlainEncoder : JavaScriptEncoder
{
    private const int LongestEscape = 6; // \u001f

    public override int MaxOutputCharactersPerInputCharacter => LongestEscape;

    public override bool WillEncode(int unicodeScalar) => unicodeScalar is < ' ' or '"' or '\\' || !Rune.IsValid(unicodeScalar);

    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var all = new ReadOnlySpan<char>(text, textLength);
        for (var at = 0; at < all.Length;)
        {
            if (Rune.DecodeFromUtf16(all[at..], out var rune, out var length) != System.Buffers.OperationStatus.Done || WillEncode(rune.Value))
            {
                return at;
            }

            at += length;
        }

        return -1;
    }

    public override unsafe bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var room = new Span<char>(buffer, bufferLength);
        if (!WillEncode(unicodeScalar))
        {
            return new Rune(unicodeScalar).TryEncodeToUtf16(room, out numberOfCharactersWritten);
        }

        var escape = unicodeScalar switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\b' => "\\b",
            '\f' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            _ => $"\\u{unicodeScalar:x4}",
        };
        numberOfCharactersWritten = escape.TryCopyTo(room) ? escape.Length : 0;
        return numberOfCharactersWritten > 0;
    }
}
