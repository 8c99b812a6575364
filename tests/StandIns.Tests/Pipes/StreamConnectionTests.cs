using Pipelines.Sockets.Unofficial;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;

namespace StandIns.Tests.Pipes;

public sealed class StreamConnectionTests
{
    [Fact]
    public async Task GetDuplex_OverStream_CarriesBothWays()
    {
        using var pair = await Loopback.ConnectAsync();
        await using var far = new NetworkStream(pair.Far);
        var duplex = StreamConnection.GetDuplex(far);

        await duplex.Output.WriteAsync("from the far end"u8.ToArray());
        Assert.Equal("from the far end", Encoding.UTF8.GetString(await Loopback.ReadAsync(pair.Connection.Input, 16)));

        await pair.Connection.Output.WriteAsync("back"u8.ToArray());
        Assert.Equal("back", Encoding.UTF8.GetString(await Loopback.ReadAsync(duplex.Input, 4)));

        var measured = Assert.IsType<IMeasuredDuplexPipe>(duplex, exactMatch: false);
        Assert.Equal(4, measured.TotalBytesReceived);
    }

    [Fact]
    public async Task GetDuplex_PeerCloses_CompletesInput()
    {
        using var pair = await Loopback.ConnectAsync();
        await using var far = new NetworkStream(pair.Far);
        var duplex = StreamConnection.GetDuplex(far);

        pair.NearShutdownSend();

        var read = await duplex.Input.ReadAsync().AsTask().WaitAsync(Loopback.Bound);
        Assert.True(read.IsCompleted);
    }

    [Fact]
    public async Task GetReader_OverStream_ReadsToItsEnd()
    {
        var reader = StreamConnection.GetReader(new MemoryStream("abc"u8.ToArray()), PipeOptions.Default);

        Assert.Equal("abc"u8.ToArray(), await Loopback.ReadAsync(reader, 3));
        Assert.True((await reader.ReadAsync()).IsCompleted);
    }
}
