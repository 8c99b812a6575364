using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Coordinator.Tests.Services.Harness;

/// <summary>
/// One gRPC call with an empty message, written as HTTP/2 frames by hand: sends what client libraries would join or refuse (RFC 9113,
/// RFC 7541 literals without indexing).
/// </summary>
internal static class Http2Wire
{
    private const byte Data = 0, HeadersFrame = 1, Settings = 4, GoAway = 7;
    private const byte EndStream = 1, EndHeaders = 4, Ack = 1;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    /// <summary>The value of <c>grpc-status</c>.</summary>
    public static async Task<string> GrpcStatusAsync(Uri address, string path, params (string Name, string Value)[] headers)
    {
        using var late = new CancellationTokenSource(Bound);
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, late.Token);
        var stream = client.GetStream();
        using var block = new MemoryStream();
        (string, string)[] all =
        [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", address.Authority),
            ("content-type", "application/grpc"), ("te", "trailers"), .. headers,
        ];
        foreach (var (name, value) in all)
        {
            block.WriteByte(0);
            Text(block, name);
            Text(block, value);
        }

        await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), late.Token);
        await WriteAsync(stream, Settings, 0, 0, []);
        await WriteAsync(stream, HeadersFrame, EndHeaders, 1, block.ToArray());
        await WriteAsync(stream, Data, EndStream, 1, [0, 0, 0, 0, 0]);
        return await ReadAsync(stream, late.Token);
    }

    private static async Task<string> ReadAsync(NetworkStream stream, CancellationToken late)
    {
        var header = new byte[9];
        while (true)
        {
            await stream.ReadExactlyAsync(header, late);
            var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
            await stream.ReadExactlyAsync(payload, late);
            switch (header[3])
            {
                case Settings when (header[4] & Ack) == 0:
                    await WriteAsync(stream, Settings, Ack, 0, []);
                    break;
                case HeadersFrame when Find(payload) is { } status:
                    return status;
                case GoAway:
                    throw new InvalidOperationException($"The connection was refused: {Convert.ToHexString(payload)}");
            }
        }
    }

    // The server writes names and values it has no index for as they are, each after its length.
    private static string? Find(byte[] block)
    {
        var at = block.AsSpan().IndexOf("grpc-status"u8);
        return at < 0 ? null : Encoding.ASCII.GetString(block, at + "grpc-status".Length + 1, block[at + "grpc-status".Length]);
    }

    private static void Text(MemoryStream block, string text)
    {
        // Lengths from 127 on would need more than this one octet.
        Assert.True(text.Length < 127);
        block.WriteByte((byte)text.Length);
        block.Write(Encoding.ASCII.GetBytes(text));
    }

    private static async Task WriteAsync(NetworkStream stream, byte type, byte flags, int id, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        (frame[0], frame[1], frame[2]) = ((byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), id);
        payload.CopyTo(frame, 9);
        await stream.WriteAsync(frame);
    }
}
