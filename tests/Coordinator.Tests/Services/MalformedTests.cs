using Coordinator.Services;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Tests.Services;

/// <summary>What is no message, at every method: the caller's fault, never ours.</summary>
[Collection(nameof(Alone))]
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
            var refused = await RawCalls.SendAsync(host, method, RunningHost.Headers, Padding.Whole(MaxMessage + 1));
            Assert.Equal((method, StatusCode.ResourceExhausted), (method, refused.StatusCode));
        }
    }

    [Fact]
    public async Task Message_Of4MiB_IsRead()
    {
        await using var host = await RunningHost.StartAsync();
        using var call = RawCalls.Open(host, "/coordinator.v1.Leases/List", RunningHost.Headers);
        await call.RequestStream.WriteAsync(Padding.Whole(MaxMessage));
        await call.RequestStream.CompleteAsync();
        await call.ResponseStream.NextAsync();
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
}
