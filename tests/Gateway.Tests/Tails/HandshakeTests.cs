using Coordinator.Testing;
using Gateway.Tests.Harness;
using Grpc.Core;
using System.Net.WebSockets;
using System.Text;

namespace Gateway.Tests.Tails;

/// <summary>How the socket of a tail is opened, and how it is not.</summary>
public sealed class HandshakeTests : TailTests
{
    [Fact]
    public async Task Open_WithTheProtocol_IsUpgradedWithoutExtensions()
    {
        await using var socket = await RawSocket.SendAsync(Gateway.Address, RawSocket.Request(Path, "Sec-WebSocket-Protocol: other, trace-v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\nAuthorization: Bearer mine\r\n"));
        Assert.Equal(101, socket.Status);
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", socket.Head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Sec-WebSocket-Protocol: trace-v1\r\n", socket.Head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Extensions", socket.Head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((Capability, 0), (Tail.Requests.Single().Capability, Tail.Requests.Single().After));
        Assert.Equal("127.0.0.1", Tail.Headers.Single().GetValue("x-client-address"));
        Assert.Null(Tail.Headers.Single().GetValue("authorization"));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("Sec-WebSocket-Protocol: other\r\n", false)]
    [InlineData("Sec-WebSocket-Protocol: trace-v1\r\n", true)]
    public async Task Open_OfALiveTail_NeedsNoProtocol(string protocol, bool echoed)
    {
        await using var socket = await RawSocket.SendAsync(Gateway.Address, RawSocket.Request($"/live-tails/{Capability}", protocol));
        Assert.Equal(101, socket.Status);
        Assert.Equal(echoed, socket.Head.Contains("Sec-WebSocket-Protocol", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(Capability, Tail.Requests.Single().Capability);
    }

    public static TheoryData<string, int> Refused => new()
    {
        { $"GET {Path} HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
        { $"POST {Path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405 },
        { RawSocket.Request(Path, protocol: ""), 400 },
        { RawSocket.Request(Path, protocol: "Sec-WebSocket-Protocol: trace-v2\r\n"), 400 },
        { RawSocket.Request(Path, version: "8"), 426 },
        { RawSocket.Request(Path, key: "short"), 400 },
        { RawSocket.Request(Path, key: "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400 },
        { RawSocket.Request(Path, key: ""), 400 },
        { RawSocket.Request(Path, upgrade: "h2c"), 400 },
        { RawSocket.Request($"/tails/{new string('a', 257)}"), 404 },
        { RawSocket.Request("/tails/"), 404 },
        { RawSocket.Request("/tails/a%2Fb"), 404 },
        { RawSocket.Request("/tails/a%0d%0ab"), 404 },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Open_Bad_IsRefusedAndNobodyIsAsked(string request, int status)
    {
        await using var socket = await RawSocket.SendAsync(Gateway.Address, request);
        Assert.Equal(status, socket.Status);
        Assert.Equal(status == 426, socket.Head.Contains("Sec-WebSocket-Version: 13", StringComparison.OrdinalIgnoreCase));
        Assert.Empty(Tail.Requests);
    }

    [Fact]
    public async Task Open_OfWhatIsNobodys_IsNotFoundInTheEnvelope()
    {
        Gateway.Coordinator.Refuse("Attach", FakeCoordinator.Refusal(StatusCode.NotFound, "TAIL_NOT_FOUND", "There is no such tail."));
        var answer = await Gateway.SendAsync(HttpMethod.Get, Path, headers: [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", RawSocket.Key), ("Sec-WebSocket-Protocol", "trace-v1")]);
        Assert.Equal((404, """{"errors":[{"code":10007,"message":"There is no such tail."}],"messages":[],"result":{},"success":false}"""), (answer.Status, answer.Body));
    }

    [Fact]
    public async Task Open_WithoutACoordinator_MayBeTriedAgain()
    {
        await using var gateway = await RunningGateway.StartAsync(options => options.Coordinators = [new($"http://127.0.0.1:{FreePort.Next()}")]);
        await using var socket = await RawSocket.OpenAsync(gateway.Address, Path);
        Assert.Equal(503, socket.Status);
        Assert.Contains("Retry-After: 1\r\n", socket.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_BeyondTheBound_MayBeTriedAgainAndIsOpenedOnceAnotherLeft()
    {
        await using var gateway = await RunningGateway.StartAsync(options => options.MaxTailReaders = 1);
        _ = new FakeTail(gateway.Coordinator);
        await using (var first = await RawSocket.OpenAsync(gateway.Address, Path))
        {
            await using var second = await RawSocket.OpenAsync(gateway.Address, Path);
            Assert.Equal((101, 503), (first.Status, second.Status));
        }

        await Eventually.TrueAsync(
            async () =>
            {
                await using var third = await RawSocket.OpenAsync(gateway.Address, Path);
                return third.Status == 101;
            },
            Within,
            "there is room again");
    }

    [Fact]
    public async Task Open_AnswersOfTheFirstCoordinator_AreNotNeeded()
    {
        await using var unwell = await FakeCoordinator.StartAsync();
        unwell.Refuse("Attach", new RpcException(new(StatusCode.Unavailable, "stops")));
        await using var gateway = await RunningGateway.StartAsync(options => options.Coordinators = [unwell.Address, .. options.Coordinators]);
        var tail = new FakeTail(gateway.Coordinator);
        for (var i = 0; i < 2; i++)
        {
            await using var socket = await RawSocket.OpenAsync(gateway.Address, Path);
            Assert.Equal(101, socket.Status);
        }

        Assert.Equal(2, tail.Requests.Count);
    }

    [Fact]
    public async Task Framework_Client_ReadsATail()
    {
        using var client = new ClientWebSocket();
        client.Options.AddSubProtocol("trace-v1");
        client.Options.DangerousDeflateOptions = new();
        await client.ConnectAsync(new($"ws://{Gateway.Address.Authority}{Path}"), default);
        Assert.Equal("trace-v1", client.SubProtocol);
        Tail.Send(1, """{"a":"é"}""");
        var buffer = new byte[100];
        var read = await client.ReceiveAsync(buffer, default).WaitAsync(Within);
        Assert.Equal((WebSocketMessageType.Text, true, """{"a":"é"}"""), (read.MessageType, read.EndOfMessage, Encoding.UTF8.GetString(buffer.AsSpan(..read.Count))));
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", default).WaitAsync(Within);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        await EndedAsync();
    }
}
