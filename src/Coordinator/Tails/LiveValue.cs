using System.Globalization;
using System.Text.Json;

namespace Coordinator.Tails;

/// <summary>A value as a leaf compares it: a text, or a number, of which true is 1 and false 0.</summary>
internal readonly record struct LiveValue(LiveType Type, string Text, double Number)
{
    /// <summary>
    /// Converted where that is plain: a number's text, a text that spells a number or true or false. Null where it is not, and for null.
    /// </summary>
    public static LiveValue? Of(JsonElement value, LiveType type)
    {
        if (value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return null;
        }

        var text = JsonText.Of(value);
        return type switch
        {
            LiveType.Text => new(type, text, 0),
            LiveType.Number when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => new(type, "", number),
            LiveType.Boolean when text is "true" or "false" => new(type, "", text == "true" ? 1 : 0),
            _ => null,
        };
    }

    /// <summary>Less than, equal to or greater than zero, as this is to the other. Texts by their code units, as upper and lower case differ.</summary>
    public int CompareTo(LiveValue other) => Type == LiveType.Text ? string.CompareOrdinal(Text, other.Text) : Number.CompareTo(other.Number);
}
