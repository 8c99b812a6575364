using Coordinator.Testing;
using Gateway.Tests.Harness;

namespace Gateway.Tests.Tails;

/// <summary>Frames that break a rule or a bound, as a table: which code the socket is closed with.</summary>
public sealed class BadFramesTests : TailTests
{
    public static TheoryData<string, byte[], int> Frames => new()
    {
        { "reserved bit 1, of compression", RawSocket.Frame(0xc1, [1]), 1002 },
        { "reserved bit 2", RawSocket.Frame(0xa1, [1]), 1002 },
        { "reserved bit 3", RawSocket.Frame(0x91, [1]), 1002 },
        { "unknown opcode", RawSocket.Frame(0x83, [1]), 1002 },
        { "unknown control opcode", RawSocket.Frame(0x8b, [1]), 1002 },
        { "a ping in fragments", RawSocket.Frame(0x09, [1]), 1002 },
        { "a ping that is too long", RawSocket.Frame(RawSocket.Ping, new byte[126]), 1002 },
        { "a continuation of nothing", RawSocket.Frame(0x80, [1]), 1002 },
        { "a message within another", [.. RawSocket.Frame(RawSocket.TextFirst, [1]), .. RawSocket.Frame(RawSocket.Text, [1])], 1002 },
        { "a close of one octet", RawSocket.Frame(RawSocket.Close, [3]), 1002 },
        { "a close with a reserved code", RawSocket.Frame(RawSocket.Close, [3, 0xed]), 1002 },
        { "a negative length", [RawSocket.Text, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4], 1002 },
        { "text that is none", RawSocket.Frame(RawSocket.Text, [0xff]), 1007 },
        { "text that ends within a letter", RawSocket.Frame(RawSocket.Text, [0xc3]), 1007 },
        { "text that is none, unmasked", RawSocket.Frame(RawSocket.Text, [0xff], masked: false), 1007 },
        { "binary", RawSocket.Frame(RawSocket.Binary, [1]), 1003 },
        { "a message that is too large", RawSocket.Frame(RawSocket.Text, [.. Enumerable.Repeat((byte)'x', (64 << 10) + 1)]), 1009 },
        { "fragments that are too large", [.. Enumerable.Range(0, 70).SelectMany(i => RawSocket.Frame(i == 0 ? RawSocket.TextFirst : RawSocket.Continuation, [.. Enumerable.Repeat((byte)'x', 1 << 10)]))], 1009 },
        { "a flood of pings", [.. Enumerable.Range(0, 2_000).SelectMany(i => RawSocket.Frame(RawSocket.Ping, [1, 2, 3]))], 1008 },
        { "a flood of pongs", [.. Enumerable.Range(0, 2_000).SelectMany(i => RawSocket.Frame(RawSocket.Pong, []))], 1008 },
        { "a flood of fragments", [.. Enumerable.Range(0, 2_000).SelectMany(i => RawSocket.Frame(i == 0 ? RawSocket.TextFirst : RawSocket.Continuation, []))], 1008 },
    };

    [Theory]
    [MemberData(nameof(Frames))]
    public async Task Frame_Bad_ClosesTheSocketAndEndsTheCall(string what, byte[] octets, int code)
    {
        await using var socket = await OpenAsync();
        await socket.WriteAsync(octets);
        Assert.True((await socket.ReadCloseAsync()).Code == code, what);
        await EndedAsync();
        Assert.DoesNotContain(Gateway.Log.All, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(new byte[] { 0x81 })]
    [InlineData(new byte[] { 0x81, 0xfe, 0x01 })]
    [InlineData(new byte[] { 0x81, 0x85, 1, 2, 3, 4, 5 })]
    public async Task Connection_CutWithinAFrame_EndsTheCall(byte[] octets)
    {
        await using (var socket = await OpenAsync())
        {
            await socket.WriteAsync(octets);
        }

        await EndedAsync();
        Assert.DoesNotContain(Gateway.Log.All, line => line.StartsWith("Error", StringComparison.Ordinal));
    }
}
