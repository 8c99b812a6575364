using System.IO.Pipelines;
using System.Net.Sockets;

namespace Pipelines.Sockets.Unofficial;

/// <summary>Named by the client; there is nothing to choose here.</summary>
[Flags]
public enum SocketConnectionOptions
{
    None = 0,
}

/// <summary>A connected socket as two pipes.</summary>
public sealed class SocketConnection : IMeasuredDuplexPipe, IDisposable
{
    private readonly Socket _socket;
    private readonly Pump _pump;

    private SocketConnection(Socket socket, PipeOptions? sendOptions, PipeOptions? receiveOptions)
    {
        _socket = socket;
        _pump = new Pump(new SocketChannel(socket), sendOptions, receiveOptions);
        _pump.Start();
    }

    public PipeReader Input => _pump.Input;

    public PipeWriter Output => _pump.Output;

    public long BytesRead => _pump.Received;

    public long BytesSent => _pump.Sent;

    public int LastReceived => _pump.LastReceived;

    public PipeShutdownKind ShutdownKind => _pump.Ending.Kind;

    public SocketError SocketError => _pump.Ending.Error;

    long IMeasuredDuplexPipe.TotalBytesSent => _pump.Sent;

    long IMeasuredDuplexPipe.TotalBytesReceived => _pump.Received;

    /// <summary>Takes over a connected socket.</summary>
    public static SocketConnection Create(
        Socket socket,
        PipeOptions? sendPipeOptions,
        PipeOptions? receivePipeOptions,
        SocketConnectionOptions connectionOptions = SocketConnectionOptions.None,
        string? name = null) =>
        new(socket, sendPipeOptions, receivePipeOptions);

    /// <summary>Nothing to check: the framework has all that is needed.</summary>
    public static void AssertDependencies()
    {
    }

    /// <summary>Small requests must not wait for company.</summary>
    public static void SetRecommendedClientOptions(Socket socket)
    {
        if (socket.ProtocolType == ProtocolType.Tcp)
        {
            socket.NoDelay = true;
        }
    }

    /// <summary>Notes that the protocol itself ends the connection; false where something else has before.</summary>
    public bool TrySetProtocolShutdown(PipeShutdownKind kind) => _pump.Ending.TrySet(kind);

    public Counters GetCounters() => new(Available(), _pump.Output.UnflushedBytes);

    public void Dispose()
    {
        _pump.Ending.TrySet(PipeShutdownKind.PipeDisposed);
        _socket.Dispose();
    }

    private long Available()
    {
        try
        {
            return _socket.Available;
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // Asked for while describing a failure: the answer is "not known", not another failure.
            return Counters.Unknown;
        }
    }

    /// <summary>Where bytes wait, for the client's error messages; -1 where that is not known.</summary>
    public readonly struct Counters
    {
        internal const long Unknown = -1;

        internal Counters(long onSocket, long toBeSent) => (BytesAvailableOnSocket, BytesWaitingToBeSent) = (onSocket, toBeSent);

        public long BytesAvailableOnSocket { get; }

        public long BytesWaitingToBeRead { get; } = Unknown;

        public long BytesWaitingToBeSent { get; }
    }
}
