using System.IO.Pipelines;

namespace Pipelines.Sockets.Unofficial;

/// <summary>A connection that counts its bytes.</summary>
public interface IMeasuredDuplexPipe : IDuplexPipe
{
    long TotalBytesSent { get; }

    long TotalBytesReceived { get; }
}
