using System.Buffers;

namespace Pipelines.Sockets.Unofficial;

/// <summary>What a <see cref="Pump"/> moves bytes to and from: a socket or a stream.</summary>
internal interface IChannel
{
    /// <summary>Waits for bytes; 0 at the end of the stream.</summary>
    ValueTask<int> ReceiveAsync(Memory<byte> buffer);

    /// <summary>Sends all of them.</summary>
    ValueTask SendAsync(ReadOnlySequence<byte> bytes);

    /// <summary>Closes at once, so that a receive that waits ends too.</summary>
    void Abort();
}
