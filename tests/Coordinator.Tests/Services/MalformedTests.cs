using System.Buffers.Binary;
using System.IO.Compression;
using System.Net.Http.Headers;
using Coordinator.Services;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Tests.Services;

/// <summary>What is no message, at every method: the caller's fault, never ours.</summary>
public sealed class MalformedTests
{
    private const int MaxMessage = 4 << 20;

    public static TheoryData<string> Garbage =>
    [
        "ffffffff0f", // a tag that runs out
        "0a05", // a length beyond the end
        "0b0b0b0b", // groups that are not closed
        "00", // field 0
        "0aff ffff ff ffff ffff 01", // a length beyond 2^63
        "0afeffffff0f", // a length just below 2^32
    ];

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task EveryMethod_Garbage_IsInvalidArgument(string hex)
    {
        var garbage = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        await using var host = await RunningHost.StartAsync();
        foreach (var method in host.Methods)
        {
            var refused = await RawCalls.SendAsync(host, method, RunningHost.Headers, garbage);
            Assert.Equal((method, StatusCode.InvalidArgument), (method, refused.StatusCode));
        }

        Assert.Empty(host.Log.At(LogLevel.Error));
    }

    [Fact] // the parser replaces what is not UTF-8, the names allow no replacement
    public async Task Name_ThatIsNotUtf8_IsInvalidArgument()
    {
        await using var host = await RunningHost.StartAsync();
        var refused = await RawCalls.SendAsync(host, "/coordinator.v1.Leases/Get", RunningHost.Headers, [0x0a, 0x02, 0xc3, 0x28]);
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_FIELD"), (refused.StatusCode, refused.Reason()));
    }

    [Fact]
    public async Task EveryMethod_UnknownFields_AreIgnored()
    {
        await using var host = await RunningHost.StartAsync();
        // Field 536870911, a varint, then the request itself.
        byte[] unknown = [0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01, .. new ListRequest { PageSize = 1 }.ToByteArray()];
        using var call = RawCalls.Open(host, "/coordinator.v1.Leases/List", RunningHost.Headers);
        await call.RequestStream.WriteAsync(unknown);
        await call.RequestStream.CompleteAsync();
        await call.ResponseStream.NextAsync();
    }

    [Fact]
    public async Task EveryMethod_MessageOf4MiBAnd1Byte_IsResourceExhausted()
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var method in host.Methods)
        {
            var refused = await RawCalls.SendAsync(host, method, RunningHost.Headers, Padded(MaxMessage + 1));
            Assert.Equal((method, StatusCode.ResourceExhausted), (method, refused.StatusCode));
        }
    }

    [Fact]
    public async Task Message_Of4MiB_IsRead()
    {
        await using var host = await RunningHost.StartAsync();
        using var call = RawCalls.Open(host, "/coordinator.v1.Leases/List", RunningHost.Headers);
        await call.RequestStream.WriteAsync(Padded(MaxMessage));
        await call.RequestStream.CompleteAsync();
        await call.ResponseStream.NextAsync();
    }

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

    [Fact]
    public async Task UnknownMethod_IsUnimplemented()
    {
        await using var host = await RunningHost.StartAsync();
        Assert.Equal(StatusCode.Unimplemented, (await RawCalls.SendAsync(host, "/coordinator.v1.Leases/Nothing", RunningHost.Headers, [])).StatusCode);
        Assert.Equal(StatusCode.Unimplemented, (await RawCalls.SendAsync(host, "/coordinator.v1.leases/list", RunningHost.Headers, [])).StatusCode);
    }

    [Fact]
    public async Task PageTokenAndCursor_OfSomebodysOwnMaking_AreInvalidArgument()
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var token in new[] { "x", "////", new string('A', 4_000), Convert.ToBase64String("999/a"u8), Convert.ToBase64String("-1/a"u8), Convert.ToBase64String("1/{"u8) })
        {
            var refused = await Statuses.RefusedAsync(host.Leases.ListAsync(new() { PageToken = token }, RunningHost.Headers));
            Assert.Equal((token, StatusCode.InvalidArgument), (token, refused.StatusCode));
        }

        var good = WatchCursor.Write(RunningHost.Tenant, "", new long[256]).ToByteArray();
        byte[][] cursors =
        [
            [0], [1], good[..^1], [.. good, 0], [2, .. good[1..]], new byte[1_000_000], [.. good[..9], .. Enumerable.Repeat((byte)0xff, 256)],
            WatchCursor.Write(RunningHost.Tenant, "other", new long[256]).ToByteArray(), WatchCursor.Write("tenant", "", new long[256]).ToByteArray(),
            WatchCursor.Write(RunningHost.Tenant, "", [.. Enumerable.Repeat(-1L, 256)]).ToByteArray(),
        ];
        foreach (var cursor in cursors)
        {
            using var watch = host.Leases.Watch(new() { Cursor = ByteString.CopyFrom(cursor) }, RunningHost.Headers);
            Assert.Equal(StatusCode.InvalidArgument, (await Statuses.RefusedAsync(watch.ResponseStream)).StatusCode);
        }
    }

    // An unknown field as long as is needed.
    private static byte[] Padded(int size) => [.. Header(size), .. new byte[size - Header(size).Length]];

    // Its tag and its length, which depends on how long the length itself is.
    private static byte[] Header(int size)
    {
        var tag = CodedOutputStream.ComputeTagSize(1_000);
        var length = size - tag - CodedOutputStream.ComputeLengthSize(size - tag - 1);
        var header = new byte[size - length];
        using var output = new CodedOutputStream(header);
        output.WriteTag(1_000, WireFormat.WireType.LengthDelimited);
        output.WriteLength(length);
        return header;
    }

    private static byte[] Compressed(string encoding, int size)
    {
        using var buffer = new MemoryStream();
        using (Stream compressor = encoding == "gzip" ? new GZipStream(buffer, CompressionLevel.Optimal) : new ZLibStream(buffer, CompressionLevel.Optimal))
        {
            compressor.Write(Header(size));
            for (var left = size - Header(size).Length; left > 0; left -= 65_536)
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
