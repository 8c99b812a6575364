using System.Buffers;

namespace Pipelines.Sockets.Unofficial;

/// <summary>A stream as a <see cref="Pump"/> sees it: TLS over a socket.</summary>
internal sealed class StreamChannel(Stream stream) : IChannel
{
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer) => stream.ReadAsync(buffer);

    public async ValueTask SendAsync(ReadOnlySequence<byte> bytes)
    {
        foreach (var part in bytes)
        {
            await stream.WriteAsync(part).ConfigureAwait(false);
        }

        await stream.FlushAsync().ConfigureAwait(false);
    }

    public void Abort() => stream.Dispose();
}
