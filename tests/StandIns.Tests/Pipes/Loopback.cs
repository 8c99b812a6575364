using Pipelines.Sockets.Unofficial;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace StandIns.Tests.Pipes;

/// <summary>A connected pair of loopback sockets: the near one under a <see cref="SocketConnection"/>, the far one bare.</summary>
internal sealed class Loopback : IDisposable
{
    /// <summary>No wait in these tests takes longer than this.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    private readonly Socket _near;

    private Loopback(Socket near, Socket far)
    {
        _near = near;
        Far = far;
        SocketConnection.SetRecommendedClientOptions(near);
        Connection = SocketConnection.Create(near, PipeOptions.Default, PipeOptions.Default, name: nameof(Loopback));
    }

    public SocketConnection Connection { get; }

    public Socket Far { get; }

    public bool NearHasNoDelay => _near.NoDelay;

    public static async Task<Loopback> ConnectAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var accept = listener.AcceptSocketAsync();
        await near.ConnectAsync(listener.LocalEndpoint);
        return new Loopback(near, await accept);
    }

    public void Dispose()
    {
        Connection.Dispose();
        Far.Dispose();
    }

    /// <summary>Makes the next send of the near end fail, while its receiving goes on.</summary>
    public void NearShutdownSend() => _near.Shutdown(SocketShutdown.Send);

    /// <summary>Closes the far end so that the near one is told by a reset, not by an orderly end.</summary>
    public void Reset()
    {
        Far.LingerState = new LingerOption(enable: true, seconds: 0);
        Far.Dispose();
    }

    /// <summary>Completes when the socket learns that its peer is gone, in order or by a reset.</summary>
    public static async Task EndAsync(Socket socket)
    {
        try
        {
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1]));
        }
        catch (SocketException reset)
        {
            Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        }
    }

    public static async Task<byte[]> ReadAsync(PipeReader reader, int count)
    {
        var read = await reader.ReadAtLeastAsync(count).AsTask().WaitAsync(Bound);
        var bytes = new byte[read.Buffer.Length];
        var at = 0;
        foreach (var part in read.Buffer)
        {
            part.Span.CopyTo(bytes.AsSpan(at));
            at += part.Length;
        }

        reader.AdvanceTo(read.Buffer.End);
        return bytes;
    }
}
