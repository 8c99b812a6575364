using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace EndToEnd.Tests.Harness;

/// <summary>One HTTP/1.1 exchange, its request written byte by byte: a client library would mend what these tests want sent broken.</summary>
internal static class RawHttp
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    /// <summary>A request with its length counted; a connection of its own.</summary>
    public static Task<RawAnswer> SendAsync(int port, string method, string target, IEnumerable<string> headers, byte[]? body = null)
    {
        var lines = new List<string> { $"{method} {target} HTTP/1.1", $"Host: 127.0.0.1:{port}", "Connection: close" };
        lines.AddRange(headers);
        if (body is not null)
        {
            lines.Add($"Content-Length: {body.Length}");
        }

        return SendAsync(port, [.. Encoding.Latin1.GetBytes(string.Join("\r\n", lines) + "\r\n\r\n"), .. body ?? []]);
    }

    /// <summary>Sends the bytes as they are and reads what comes until the server closes.</summary>
    public static async Task<RawAnswer> SendAsync(int port, byte[] request)
    {
        using var late = new CancellationTokenSource(Bound);
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", port, late.Token);
        var stream = client.GetStream();
        var sending = WriteAsync(stream, request, late.Token);
        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer, late.Token);
        }
        catch (IOException)
        {
            // A server that refuses before it has read everything resets; what it said before is the answer.
        }

        await sending;
        return RawAnswer.Parse(answer.ToArray());
    }

    private static async Task WriteAsync(NetworkStream stream, byte[] request, CancellationToken cancellation)
    {
        try
        {
            await stream.WriteAsync(request, cancellation);
        }
        catch (IOException)
        {
            // Refused before the end: the answer says why.
        }
    }
}

/// <summary>What came back.</summary>
internal sealed record RawAnswer(int Status, IReadOnlyList<(string Name, string Value)> Headers, string Body)
{
    /// <summary>The header's value, several joined by a comma; null where it is not there.</summary>
    public string? Header(string name)
    {
        var values = Headers.Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value).ToList();
        return values.Count == 0 ? null : string.Join(", ", values);
    }

    public static RawAnswer Parse(byte[] bytes)
    {
        var text = Encoding.Latin1.GetString(bytes);
        if (text.StartsWith("HTTP/1.1 100", StringComparison.Ordinal))
        {
            return Parse(bytes[(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        }

        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            throw new InvalidDataException($"No HTTP answer, but: {(text.Length == 0 ? "nothing" : text)}");
        }

        var lines = text[..end].Split("\r\n");
        var headers = lines[1..].Select(line => line.Split(':', 2)).Select(parts => (parts[0], parts[1].Trim())).ToList();
        var chunked = headers.Any(header => header.Item1.Equals("transfer-encoding", StringComparison.OrdinalIgnoreCase));
        var body = chunked ? Chunks(bytes[(end + 4)..]) : bytes[(end + 4)..];
        return new(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), headers, Encoding.UTF8.GetString(body));
    }

    private static byte[] Chunks(byte[] bytes)
    {
        var whole = new List<byte>();
        for (var at = 0; at < bytes.Length;)
        {
            var line = Array.IndexOf(bytes, (byte)'\n', at);
            var size = int.Parse(Encoding.ASCII.GetString(bytes[at..line]).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            whole.AddRange(bytes.AsSpan(line + 1, size));
            at = size == 0 ? bytes.Length : line + 1 + size + 2;
        }

        return [.. whole];
    }
}
