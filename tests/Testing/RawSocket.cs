using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Coordinator.Testing;

/// <summary>The client's end of a WebSocket, octet by octet: it may break every rule.</summary>
public sealed class RawSocket : IAsyncDisposable
{
    public const byte Continuation = 0x0, Text = 0x81, TextFirst = 0x01, Binary = 0x82, Close = 0x88, Ping = 0x89, Pong = 0x8a;
    public const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    private const int ReadBytes = 64 << 10;

    // Small, so that what is not read waits at the gateway and not here.
    private readonly TcpClient _client = new() { ReceiveBufferSize = ReadBytes };
    private NetworkStream _stream = null!;
    private BufferedStream _in = null!;

    /// <summary>How long anything may take to be read or written; 10 seconds unless said.</summary>
    public TimeSpan Within { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether pings of the gateway's are answered and passed over. Default false.</summary>
    public bool AnswersPings { get; set; }

    /// <summary>What came before the first frame.</summary>
    public string Head { get; private set; } = "";

    public int Status => int.Parse(Head.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture);

    public static string Request(string path, string protocol = "Sec-WebSocket-Protocol: trace-v1\r\n", string key = Key, string version = "13", string upgrade = "websocket") =>
        $"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: {upgrade}\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: {version}\r\n{protocol}\r\n";

    public static Task<RawSocket> OpenAsync(Uri gateway, string path) => SendAsync(gateway, Request(path));

    public static async Task<RawSocket> SendAsync(Uri gateway, string request)
    {
        var socket = new RawSocket();
        await socket._client.ConnectAsync(gateway.Host, gateway.Port);
        socket._stream = socket._client.GetStream();
        socket._in = new(socket._stream, ReadBytes);
        await socket._stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)(await socket.TakeAsync(1))[0]);
        }

        socket.Head = head.ToString();
        return socket;
    }

    public Task SendAsync(byte first, string text, bool masked = true) => SendAsync(first, Encoding.UTF8.GetBytes(text), masked);

    public Task SendAsync(byte first, byte[] payload, bool masked = true) => WriteAsync(Frame(first, payload, masked));

    public Task WriteAsync(byte[] octets) => _stream.WriteAsync(octets).AsTask().WaitAsync(Within);

    /// <summary>Another frame of the gateway's.</summary>
    public async Task<Frame> ReadAsync()
    {
        while (true)
        {
            var frame = await ReadAnyAsync();
            if (frame.First != Ping || !AnswersPings)
            {
                return frame;
            }

            await SendAsync(Pong, frame.Payload);
        }
    }

    public async Task<string> ReadTextAsync()
    {
        var frame = await ReadAsync();
        Demand(frame.First == Text, $"No text, but {frame.First:x}.");
        return Encoding.UTF8.GetString(frame.Payload);
    }

    /// <summary>Passes over messages until the gateway closes.</summary>
    public async Task<(int Code, string Reason)> ReadCloseAsync()
    {
        while (true)
        {
            var frame = await ReadAsync();
            if (frame.First == Close)
            {
                return ClosingOf(frame);
            }
        }
    }

    /// <summary>What a close frame says.</summary>
    public static (int Code, string Reason) ClosingOf(Frame frame) =>
        (BinaryPrimitives.ReadUInt16BigEndian(frame.Payload), Encoding.UTF8.GetString(frame.Payload.AsSpan(2)));

    /// <summary>Whether there is nothing more: the gateway has closed the connection.</summary>
    public async Task<bool> IsAtEndAsync() => await _in.ReadAsync(new byte[1]).AsTask().WaitAsync(Within) == 0;

    public static byte[] Frame(byte first, byte[] payload, bool masked = true)
    {
        var frame = new List<byte> { first };
        var bit = masked ? 0x80 : 0;
        switch (payload.Length)
        {
            case < 126:
                frame.Add((byte)(bit | payload.Length));
                break;
            case <= ushort.MaxValue:
                frame.AddRange([(byte)(bit | 126), (byte)(payload.Length >> 8), (byte)payload.Length]);
                break;
            default:
                var length = new byte[8];
                BinaryPrimitives.WriteInt64BigEndian(length, payload.Length);
                frame.AddRange([(byte)(bit | 127), .. length]);
                break;
        }

        byte[] mask = masked ? [1, 2, 3, 4] : [];
        frame.AddRange(mask);
        frame.AddRange(masked ? payload.Select((octet, i) => (byte)(octet ^ mask[i % 4])) : payload);
        return [.. frame];
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<Frame> ReadAnyAsync()
    {
        var head = await TakeAsync(2);
        Demand((head[1] & 0x80) == 0, "The frame of a server is masked.");
        var length = (head[1] & 0x7f) switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(await TakeAsync(2)),
            127 => (int)BinaryPrimitives.ReadUInt64BigEndian(await TakeAsync(8)),
            var small => small,
        };
        return new(head[0], await TakeAsync(length));
    }

    private static void Demand(bool holds, string fault)
    {
        if (!holds)
        {
            throw new InvalidDataException(fault);
        }
    }

    private async Task<byte[]> TakeAsync(int length)
    {
        var octets = new byte[length];
        await _in.ReadExactlyAsync(octets).AsTask().WaitAsync(Within);
        return octets;
    }
}

/// <summary>A frame of the gateway's.</summary>
public sealed record Frame(byte First, byte[] Payload);
