using Coordinator.Testing;
using Pipelines.Sockets.Unofficial;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace StandIns.Tests.Pipes;

public sealed class SocketConnectionTests
{
    // The client knows these kinds by number alone.
    private const PipeShutdownKind EndOfStream = (PipeShutdownKind)100;
    private const PipeShutdownKind ProtocolExit = (PipeShutdownKind)400;

    [Fact]
    public async Task Input_BytesFromPeer_ArriveInOrder()
    {
        using var pair = await Loopback.ConnectAsync();

        await pair.Far.SendAsync("+PONG\r\n"u8.ToArray());
        var bytes = await Loopback.ReadAsync(pair.Connection.Input, 7);

        Assert.Equal("+PONG\r\n"u8.ToArray(), bytes);
        Assert.Equal(7, pair.Connection.BytesRead);
        Assert.Equal(7, ((IMeasuredDuplexPipe)pair.Connection).TotalBytesReceived);
        Assert.Equal(7, pair.Connection.LastReceived);
    }

    [Fact]
    public async Task Output_MoreThanSocketAndPipeHold_ArrivesWhole()
    {
        using var pair = await Loopback.ConnectAsync();
        var sent = RandomNumberGenerator.GetBytes(4 << 20);
        var received = new byte[sent.Length];

        var writing = pair.Connection.Output.WriteAsync(sent).AsTask();
        await using var far = new NetworkStream(pair.Far);
        await far.ReadExactlyAsync(received).AsTask().WaitAsync(Loopback.Bound);
        await writing.WaitAsync(Loopback.Bound);

        Assert.Equal(sent, received);
        await Eventually.TrueAsync(() => pair.Connection.BytesSent == sent.Length, Loopback.Bound, "all bytes are counted");
        Assert.Equal(sent.Length, ((IMeasuredDuplexPipe)pair.Connection).TotalBytesSent);
    }

    [Fact]
    public async Task ShutdownKind_PeerClosesInOrder_IsEndOfStream()
    {
        using var pair = await Loopback.ConnectAsync();

        pair.Far.Shutdown(SocketShutdown.Both);
        var read = await pair.Connection.Input.ReadAsync().AsTask().WaitAsync(Loopback.Bound);

        Assert.True(read.IsCompleted);
        Assert.True(read.Buffer.IsEmpty);
        Assert.Equal(EndOfStream, pair.Connection.ShutdownKind);
        Assert.Equal(SocketError.Success, pair.Connection.SocketError);
        Assert.Equal(0, pair.Connection.LastReceived);
    }

    [Fact]
    public async Task Input_PeerResets_FailsWithTheSocketsError()
    {
        using var pair = await Loopback.ConnectAsync();

        pair.Reset();

        await Assert.ThrowsAsync<ConnectionResetException>(() => pair.Connection.Input.ReadAsync().AsTask().WaitAsync(Loopback.Bound));
        Assert.Equal(SocketError.ConnectionReset, pair.Connection.SocketError);
        Assert.NotEqual(EndOfStream, pair.Connection.ShutdownKind);
    }

    [Fact]
    public async Task Input_SendFails_EndsToo()
    {
        using var pair = await Loopback.ConnectAsync();
        pair.NearShutdownSend();

        // Whoever waits for an answer that can never be asked for must hear of it.
        await pair.Connection.Output.WriteAsync("PING\r\n"u8.ToArray());

        await Assert.ThrowsAsync<ConnectionResetException>(() => pair.Connection.Input.ReadAsync().AsTask().WaitAsync(Loopback.Bound));
        Assert.NotEqual(PipeShutdownKind.None, pair.Connection.ShutdownKind);
        Assert.NotEqual(SocketError.Success, pair.Connection.SocketError);
    }

    [Fact]
    public async Task TrySetProtocolShutdown_Twice_KeepsTheFirst()
    {
        using var pair = await Loopback.ConnectAsync();

        Assert.True(pair.Connection.TrySetProtocolShutdown(ProtocolExit));
        Assert.False(pair.Connection.TrySetProtocolShutdown(EndOfStream));

        Assert.Equal(ProtocolExit, pair.Connection.ShutdownKind);
    }

    [Fact]
    public async Task Dispose_WhilePeerListens_TellsThePeer()
    {
        using var pair = await Loopback.ConnectAsync();
        var told = Loopback.EndAsync(pair.Far);

        pair.Connection.Dispose();

        await told.WaitAsync(Loopback.Bound);
        Assert.Equal(PipeShutdownKind.PipeDisposed, pair.Connection.ShutdownKind);
    }

    [Fact]
    public async Task GetCounters_AfterDispose_StillAnswers()
    {
        using var pair = await Loopback.ConnectAsync();
        var before = pair.Connection.GetCounters();
        pair.Connection.Dispose();

        var after = pair.Connection.GetCounters();

        Assert.Equal(0, before.BytesAvailableOnSocket);
        Assert.Equal(-1, after.BytesAvailableOnSocket);
    }

    [Fact]
    public async Task SetRecommendedClientOptions_OnTcp_TurnsDelayOff()
    {
        using var pair = await Loopback.ConnectAsync();

        Assert.True(pair.NearHasNoDelay);
    }
}
