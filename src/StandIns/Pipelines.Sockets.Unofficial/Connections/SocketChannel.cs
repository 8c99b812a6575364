using System.Buffers;
using System.Net.Sockets;

namespace Pipelines.Sockets.Unofficial;

/// <summary>A connected socket as a <see cref="Pump"/> sees it.</summary>
internal sealed class SocketChannel(Socket socket) : IChannel
{
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer) => socket.ReceiveAsync(buffer, SocketFlags.None);

    public async ValueTask SendAsync(ReadOnlySequence<byte> bytes)
    {
        foreach (var part in bytes)
        {
            var rest = part;
            while (!rest.IsEmpty)
            {
                rest = rest[await socket.SendAsync(rest, SocketFlags.None).ConfigureAwait(false)..];
            }
        }
    }

    public void Abort() => socket.Dispose();
}
