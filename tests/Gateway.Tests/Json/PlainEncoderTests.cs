using Coordinator.Gateway.Transcoding.Json;
using System.Text;
using System.Text.Json;

namespace Gateway.Tests.Json;

/// <summary>Texts as JSON.stringify writes them.</summary>
public sealed class PlainEncoderTests
{
    [Theory]
    [InlineData("", "\"\"")]
    [InlineData("Zoë's <b> & 東京 🙂", "\"Zoë's <b> & 東京 🙂\"")]
    [InlineData("a\"b\\c/d", "\"a\\\"b\\\\c/d\"")]
    [InlineData("\b\f\n\r\t\0\u001f\u007f\u2028", "\"\\b\\f\\n\\r\\t\\u0000\\u001f\u007f\u2028\"")]
    public void Write_AnyText_EscapesOnlyWhatMustBe(string text, string expected)
    {
        Assert.Equal(expected, Written(text));
        Assert.Equal(text, JsonDocument.Parse(Written(text)).RootElement.GetString());
    }

    [Fact]
    public void Write_EveryScalar_ReadsBackAsItWas()
    {
        var text = new StringBuilder();
        for (var scalar = 0; scalar <= 0x10FFFF; scalar += scalar < 0x3000 ? 1 : 97)
        {
            if (Rune.IsValid(scalar))
            {
                text.Append(new Rune(scalar));
            }
        }

        Assert.Equal(text.ToString(), JsonDocument.Parse(Written(text.ToString())).RootElement.GetString());
    }

    private static string Written(string text)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, MessageWriter.Options))
        {
            json.WriteStringValue(text);
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
