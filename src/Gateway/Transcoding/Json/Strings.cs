using System.Runtime.InteropServices;
using System.Text.Json;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>Strings of JSON as text. An escape may spell half of a surrogate pair, which is no text and which no message can hold.</summary>
internal static class Strings
{
    public static bool TryGet(JsonElement json, out string text)
    {
        if (!HasHalves(JsonMarshal.GetRawUtf8Value(json)))
        {
            text = json.GetString()!;
            return true;
        }

        text = "";
        return false;
    }

    public static bool TryGetName(JsonProperty property, out string name)
    {
        if (!HasHalves(JsonMarshal.GetRawUtf8PropertyName(property)))
        {
            name = property.Name;
            return true;
        }

        name = "";
        return false;
    }

    // The text is valid UTF-8 and valid JSON: only \uXXXX can spell a surrogate, and the upper half must stand right before the lower.
    private static bool HasHalves(ReadOnlySpan<byte> raw)
    {
        var upper = false;
        while (raw.Length > 0)
        {
            if (raw[0] != '\\')
            {
                if (upper)
                {
                    return true;
                }

                var escape = raw.IndexOf((byte)'\\');
                raw = escape < 0 ? [] : raw[escape..];
                continue;
            }

            var isUnicode = raw[1] == 'u';
            var unit = isUnicode ? Convert.ToUInt16(System.Text.Encoding.ASCII.GetString(raw.Slice(2, 4)), 16) : (ushort)0;
            if (char.IsLowSurrogate((char)unit) != upper)
            {
                return true;
            }

            upper = char.IsHighSurrogate((char)unit);
            raw = raw[(isUnicode ? 6 : 2)..];
        }

        return upper;
    }
}
