using Google.Protobuf;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Coordinator.Gateway.Tails.Sockets;

/// <summary>What a client of a tail says: <c>{"filters":[…]}</c>. Anything else, such as <c>{"debug":true}</c>, is passed over.</summary>
internal static class ClientMessage
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 32 };

    /// <summary>The JSON of the filters; null where there are none in it.</summary>
    public static ByteString? FiltersOf(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, Options);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("filters"u8, out var filters) && filters.ValueKind != JsonValueKind.Null
                ? ByteString.CopyFrom(JsonMarshal.GetRawUtf8Value(filters))
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
