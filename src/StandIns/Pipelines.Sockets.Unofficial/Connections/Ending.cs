using System.Net.Sockets;

namespace Pipelines.Sockets.Unofficial;

/// <summary>Why a connection ended: the first reason told stands.</summary>
internal sealed class Ending
{
    private Reason? _reason;

    public PipeShutdownKind Kind => Volatile.Read(ref _reason)?.Kind ?? PipeShutdownKind.None;

    public SocketError Error => Volatile.Read(ref _reason)?.Error ?? SocketError.Success;

    public bool TrySet(PipeShutdownKind kind, SocketError error = SocketError.Success) =>
        Interlocked.CompareExchange(ref _reason, new Reason(kind, error), null) is null;

    /// <summary>Notes a failure under one of two kinds, and gives the exception that the pipe's other end sees.</summary>
    public Exception Set(Exception failure, PipeShutdownKind ofSocket, PipeShutdownKind other)
    {
        // A stream over a socket wraps the socket's own exception.
        if ((failure as SocketException ?? failure.InnerException as SocketException) is { } socket)
        {
            TrySet(ofSocket, socket.SocketErrorCode);
            return new ConnectionResetException(socket.Message, failure);
        }

        TrySet(other);
        return failure;
    }

    private sealed record Reason(PipeShutdownKind Kind, SocketError Error);
}
