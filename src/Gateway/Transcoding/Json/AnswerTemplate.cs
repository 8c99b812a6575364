using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>What a success is written into: JSON text in which the string "$" stands for the message. It is written as it stands there.</summary>
internal sealed class AnswerTemplate
{
    private const string Message = "$";
    private readonly byte[] _before;

    // Null where the message is left out.
    private readonly byte[]? _behind;

    private AnswerTemplate(byte[] before, byte[]? behind, JsonNode outline) => (_before, _behind, Outline) = (before, behind, outline);

    /// <summary>The template itself.</summary>
    public JsonNode Outline { get; }

    public static bool IsMessage(JsonValue value) => value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() == Message;

    /// <summary>Throws a <see cref="FormatException"/> with the end of a sentence that begins with the template.</summary>
    public static AnswerTemplate Parse(string text)
    {
        var json = Encoding.UTF8.GetBytes(text);
        try
        {
            var places = Places(json);
            var outline = JsonNode.Parse(json) ?? throw new FormatException("is null");
            return places switch
            {
                [] => new(json, null, outline),
                [var place] => new(json[..place.Start.Value], json[place.End.Value..], outline),
                _ => throw new FormatException("has the message more than once"),
            };
        }
        catch (JsonException)
        {
            throw new FormatException("is not JSON");
        }
    }

    public ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> message)
    {
        if (_behind is null)
        {
            return _before;
        }

        var body = new ArrayBufferWriter<byte>(512);
        body.Write(_before);
        using (var json = new Utf8JsonWriter(body, MessageWriter.Options))
        {
            message(json);
        }

        body.Write(_behind);
        return body.WrittenMemory;
    }

    private static List<Range> Places(byte[] json)
    {
        var places = new List<Range>();
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(Message))
            {
                places.Add((int)reader.TokenStartIndex..(int)reader.BytesConsumed);
            }
        }

        return places;
    }
}
