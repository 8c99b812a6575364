using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Coordinator.Gateway.Transcoding.Routes;

/// <summary>Percent-decoding, once and strictly: a broken escape or what is not UTF-8 is no text.</summary>
internal static class PercentCoding
{
    /// <param name="keepSlashes">Leaves %2F as it is, for values in which a slash parts segments.</param>
    public static bool TryDecode(ReadOnlySpan<char> text, out string decoded, bool plusIsSpace = false, bool keepSlashes = false)
    {
        decoded = "";
        if (text.IndexOfAny('%', '+') < 0 && Ascii.IsValid(text))
        {
            decoded = text.ToString();
            return true;
        }

        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                length += text[i] == '+' && plusIsSpace ? Put(bytes, length, ' ') : Encoding.UTF8.GetBytes(text.Slice(i, 1), bytes.AsSpan(length));
                continue;
            }

            if (i + 2 >= text.Length || !byte.TryParse(text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                return false;
            }

            length += value == '/' && keepSlashes ? Encoding.UTF8.GetBytes(text.Slice(i, 3), bytes.AsSpan(length)) : Put(bytes, length, (char)value);
            i += 2;
        }

        var written = bytes.AsSpan(0, length);
        if (!Utf8.IsValid(written))
        {
            return false;
        }

        decoded = Encoding.UTF8.GetString(written);
        return true;
    }

    private static int Put(byte[] bytes, int at, char value)
    {
        bytes[at] = (byte)value;
        return 1;
    }
}
