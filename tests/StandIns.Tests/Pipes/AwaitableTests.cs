using Pipelines.Sockets.Unofficial;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace StandIns.Tests.Pipes;

public sealed class AwaitableTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task GetResult_SocketReceives_IsTheByteCount(bool scheduled)
    {
        using var pair = await Loopback.ConnectAsync();
        using var arguments = new SocketAwaitableEventArgs(scheduled ? PipeScheduler.ThreadPool : null);
        arguments.SetBuffer(new byte[16]);

        for (var round = 1; round <= 3; round++)
        {
            await pair.Connection.Output.WriteAsync(new byte[round]);
            if (!pair.Far.ReceiveAsync(arguments))
            {
                arguments.Complete();
            }

            Assert.Equal(round, await WaitAsync(arguments).WaitAsync(Loopback.Bound));
        }
    }

    [Fact]
    public async Task Abort_BeforeAnswer_FailsTheAwait()
    {
        using var arguments = new SocketAwaitableEventArgs();
        var waiting = WaitAsync(arguments);

        arguments.Abort(SocketError.TimedOut);

        var failure = await Assert.ThrowsAsync<SocketException>(() => waiting.WaitAsync(Loopback.Bound));
        Assert.Equal(SocketError.TimedOut, failure.SocketErrorCode);
    }

    [Fact]
    public void Abort_WithoutError_IsRefused()
    {
        using var arguments = new SocketAwaitableEventArgs();

        Assert.Throws<ArgumentException>(() => arguments.Abort(SocketError.Success));
    }

    private static async Task<int> WaitAsync(SocketAwaitableEventArgs arguments) => await arguments;
}
