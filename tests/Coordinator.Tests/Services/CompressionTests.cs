using Coordinator.Tests.Services.Harness;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Net.Http.Headers;

namespace Coordinator.Tests.Services;

/// <summary>Compressed messages: bounded by what comes out of them. Alone, because what is allocated meanwhile is measured for the whole process.</summary>
[Collection(nameof(Alone))]
public sealed class CompressionTests
{
    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task CompressedMessage_ThatGrowsBeyond4MiB_IsResourceExhausted(string encoding)
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var method in new[] { "/coordinator.v1.Leases/List", "/coordinator.v1.Sessions/Connect" })
        {
            var bomb = Compressed(encoding, 1 << 28);
            var before = GC.GetTotalAllocatedBytes();
            Assert.Equal((method, $"{(int)StatusCode.ResourceExhausted}"), (method, await SendAsync(host, method, encoding, bomb)));
            Assert.True(GC.GetTotalAllocatedBytes() - before < 1 << 26, "It was decompressed as a whole.");
        }
    }

    [Fact]
    public async Task CompressedMessage_WithinBounds_IsRead()
    {
        await using var host = await RunningHost.StartAsync();
        Assert.Equal("0", await SendAsync(host, "/coordinator.v1.Leases/List", "gzip", Compressed("gzip", 1_000)));
    }

    [Fact]
    public async Task Compressed_ButIsNot_IsTheCallersFault()
    {
        await using var host = await RunningHost.StartAsync();
        Assert.Equal($"{(int)StatusCode.InvalidArgument}", await SendAsync(host, "/coordinator.v1.Leases/List", "gzip", Frame(1, [1, 2, 3, 4])));
        Assert.Empty(host.Log.At(LogLevel.Error));
    }

    private static byte[] Compressed(string encoding, int size)
    {
        using var buffer = new MemoryStream();
        using (Stream compressor = encoding == "gzip" ? new GZipStream(buffer, CompressionLevel.Optimal) : new ZLibStream(buffer, CompressionLevel.Optimal))
        {
            compressor.Write(Padding.Header(size));
            for (var left = size - Padding.Header(size).Length; left > 0; left -= 65_536)
            {
                compressor.Write(new byte[Math.Min(left, 65_536)]);
            }
        }

        return Frame(1, buffer.ToArray());
    }

    private static byte[] Frame(byte compressed, byte[] message)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = compressed;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    private static async Task<string> SendAsync(RunningHost host, string method, string encoding, byte[] body)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(20) };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(host.Address, method))
        {
            Version = new(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.Add("te", "trailers");
        request.Headers.Add("grpc-encoding", encoding);
        request.Headers.TryAddWithoutValidation("authorization", $"Bearer {RunningHost.Token}");
        using var response = await client.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        return (response.TrailingHeaders.TryGetValues("grpc-status", out var status) || response.Headers.TryGetValues("grpc-status", out status)) ? status.First() : $"HTTP {response.StatusCode}";
    }
}
