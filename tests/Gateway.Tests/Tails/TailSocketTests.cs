using Coordinator.Testing;
using Coordinator.V1;
using Gateway.Tests.Harness;
using Google.Protobuf;
using System.Text;

namespace Gateway.Tests.Tails;

/// <summary>What goes over the socket of a tail, in both directions.</summary>
public sealed class TailSocketTests : TailTests
{
    [Fact]
    public async Task FirstFrame_Unmasked_IsRead()
    {
        await using var socket = await OpenAsync();
        await socket.SendAsync(RawSocket.Text, """{"debug":false}""", masked: false);
        Tail.Send(1, """{"n":1}""", """{"n":2}""");
        Assert.Equal("""{"n":1}""", await socket.ReadTextAsync());
        Assert.Equal("""{"n":2}""", await socket.ReadTextAsync());
        await socket.SendAsync(RawSocket.Text, """{"filters":[{"query":"a"}]}""", masked: false);
        await socket.SendAsync(RawSocket.Ping, "after it");
        Assert.Equal("after it", Encoding.UTF8.GetString((await socket.ReadAsync()).Payload));
        await AskedAsync(2);
        Assert.Equal("""[{"query":"a"}]""", Tail.Requests.Last().Filters.ToStringUtf8());
    }

    [Theory]
    [InlineData(200)]
    [InlineData(40_000)]
    [InlineData(65_520)]
    public async Task Message_OfAnyLength_IsReadMaskedOrNot(int length)
    {
        await using var socket = await OpenAsync();
        var filters = $"[\"{new string('x', length - 16)}\"]";
        foreach (var masked in (bool[])[false, true])
        {
            await socket.SendAsync(RawSocket.Text, $$"""{"filters":{{filters}}}""", masked);
            await socket.SendAsync(RawSocket.Ping, "read");
            Assert.Equal(RawSocket.Pong, (await socket.ReadAsync()).First);
        }

        await AskedAsync(3);
        Assert.Equal([filters, filters], Tail.Requests.Skip(1).Select(request => request.Filters.ToStringUtf8()));
    }

    [Fact]
    public async Task Message_OctetByOctet_IsRead()
    {
        await using var socket = await OpenAsync();
        foreach (var octet in RawSocket.Frame(RawSocket.Text, Encoding.UTF8.GetBytes("""{"filters":[1]}""")))
        {
            await socket.WriteAsync([octet]);
        }

        await AskedAsync(2);
        Assert.Equal("[1]", Tail.Requests.Last().Filters.ToStringUtf8());
    }

    [Fact]
    public async Task Message_InFragments_IsReadAndPingsBetweenAreAnswered()
    {
        await using var socket = await OpenAsync();
        await socket.SendAsync(RawSocket.TextFirst, """{"fil""", masked: false);
        await socket.SendAsync(RawSocket.Ping, "between");
        await socket.SendAsync(RawSocket.Continuation, """ters":[""");
        await socket.SendAsync(0x80, "2]}");
        Assert.Equal((RawSocket.Pong, "between"), await PayloadAsync(socket));
        await AskedAsync(2);
        Assert.Equal("[2]", Tail.Requests.Last().Filters.ToStringUtf8());
    }

    [Theory]
    [InlineData("""{"debug":true}""")]
    [InlineData("""{"filters":null}""")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("ping")]
    [InlineData("deep")]
    public async Task Message_WithoutFilters_IsPassedOver(string text)
    {
        await using var socket = await OpenAsync();
        await socket.SendAsync(RawSocket.Text, text == "deep" ? new string('[', 20_000) : text);
        await socket.SendAsync(RawSocket.Ping, "");
        Assert.Equal((RawSocket.Pong, ""), await PayloadAsync(socket));
        Assert.Single(Tail.Requests);
    }

    [Fact]
    public async Task Ping_OfABusyTail_IsAnsweredInTime()
    {
        await using var socket = await OpenAsync();
        var frame = $$"""{"text":"{{new string('x', 1_000)}}"}""";
        using var stop = new CancellationTokenSource();
        var busy = KeepBusyAsync([.. Enumerable.Repeat(frame, 64)], stop.Token);
        var between = 0;
        for (var i = 0; i < 20; i++)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            await socket.SendAsync(RawSocket.Ping, $"ping {i}");
            var answer = await PayloadAsync(socket);
            for (; answer.First != RawSocket.Pong; answer = await PayloadAsync(socket))
            {
                Assert.Equal(frame, answer.Payload);
                between++;
            }

            Assert.Equal($"ping {i}", answer.Payload);
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        }

        Assert.True(between > 20, $"the tail was not busy: {between} frames");

        await stop.CancelAsync();
        await busy;
    }

    [Theory]
    [InlineData(1000, "tail deleted")]
    [InlineData(4000, "tail expired")]
    [InlineData(4001, "another reader has come")]
    public async Task Closing_OfTheCoordinator_ClosesTheSocket(int code, string reason)
    {
        await using var socket = await OpenAsync();
        Tail.Send(1, "{}");
        Tail.Close(code, reason);
        Assert.Equal("{}", await socket.ReadTextAsync());
        Assert.Equal((code, reason), await socket.ReadCloseAsync());
        await socket.SendAsync(RawSocket.Close, [(byte)(code >> 8), (byte)code]);
        Assert.True(await socket.IsAtEndAsync());
    }

    [Fact]
    public async Task Connection_BesideAnother_ReplacesIt()
    {
        var (attached, replaced) = (0, new TaskCompletionSource());
        Gateway.Coordinator.OnDuplex("Attach", async (_, writer, context) =>
        {
            await writer.WriteAsync(new TailsAttachResponse());
            if (Interlocked.Increment(ref attached) == 1)
            {
                await replaced.Task;
                await writer.WriteAsync(new TailsAttachResponse { Closing = new() { Code = 4001, Reason = "another reader has come" } });
                return;
            }

            replaced.SetResult();
            await writer.WriteAsync(new TailsAttachResponse { First = 1, Frames = { ByteString.CopyFromUtf8("1") } });
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
        });
        await using var first = await OpenAsync();
        await using var second = await OpenAsync();
        Assert.Equal((4001, "another reader has come"), await first.ReadCloseAsync());
        Assert.Equal("1", await second.ReadTextAsync());
        Assert.Equal(2, attached);
    }

    [Fact]
    public async Task Closing_WithALongReason_IsCutBetweenLetters()
    {
        await using var socket = await OpenAsync();
        Tail.Close(1000, new string('é', 100));
        Assert.Equal((1000, new string('é', 61)), await socket.ReadCloseAsync());
    }

    [Theory]
    [InlineData(new byte[] { 0x03, 0xe8 }, 1000)]
    [InlineData(new byte[] { 0x03, 0xe9, (byte)'b', (byte)'y', (byte)'e' }, 1001)]
    [InlineData(new byte[] { 0x0f, 0xa0 }, 4000)]
    public async Task Close_OfTheClient_IsAnsweredWithItsCode(byte[] payload, int code)
    {
        await using var socket = await OpenAsync();
        await socket.SendAsync(RawSocket.Close, payload);
        Assert.Equal(code, (await socket.ReadCloseAsync()).Code);
        Assert.True(await socket.IsAtEndAsync());
        await EndedAsync();
    }

    [Fact]
    public async Task Client_ThatIsGone_EndsTheCall()
    {
        await using (var socket = await OpenAsync())
        {
            Tail.Send(1, "{}");
            await socket.ReadTextAsync();
        }

        await EndedAsync();
    }

    [Fact]
    public async Task Stop_ClosesSocketsForARestart()
    {
        await using var socket = await OpenAsync();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var stop = Gateway.StopAsync();
        Assert.Equal((1012, "the gateway stops"), await socket.ReadCloseAsync());
        await socket.SendAsync(RawSocket.Close, [0x03, 0xe8]);
        await stop;
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(4));
    }

    private async Task KeepBusyAsync(string[] frames, CancellationToken stop)
    {
        for (var first = 1; !stop.IsCancellationRequested; first += frames.Length)
        {
            Tail.Send(first, frames);
            await Eventually.TrueAsync(() => Tail.Waiting < 500 || stop.IsCancellationRequested, TimeSpan.FromSeconds(30), "what was said is sent");
        }
    }

    private static async Task<(byte First, string Payload)> PayloadAsync(RawSocket socket)
    {
        var frame = await socket.ReadAsync();
        return (frame.First, Encoding.UTF8.GetString(frame.Payload));
    }
}
