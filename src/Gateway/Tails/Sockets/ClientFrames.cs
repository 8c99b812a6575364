using System.Buffers.Binary;

namespace Coordinator.Gateway.Tails.Sockets;

/// <summary>
/// The raw stream of an upgraded connection, with every frame of the client's masked. Each client must mask its frames (RFC 6455,
/// section 5.1), and the framework holds it to that; but wrangler does not mask its first. Such a frame is given a mask of zeros,
/// which changes nothing of what it says. Beyond the budget of frames nothing more is passed on.
/// </summary>
internal sealed class ClientFrames(Stream raw, FrameBudget budget) : Stream
{
    private const int BufferBytes = 512;
    private const int MaxHeaderBytes = 14;
    private const byte MaskBit = 0x80;
    private const byte LengthBits = 0x7f;
    private const int MaskBytes = 4;
    private readonly byte[] _in = new byte[BufferBytes];
    private readonly byte[] _header = new byte[MaxHeaderBytes];
    private readonly TaskCompletionSource _flood = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _start;
    private int _end;
    private int _headerStart;
    private int _headerEnd;
    private ulong _payloadLeft;

    /// <summary>Done once the client has sent more frames than it may.</summary>
    public Task Flood => _flood.Task;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        if (_headerStart == _headerEnd && _payloadLeft == 0 && !await ReadHeaderAsync(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }

        if (_headerStart < _headerEnd)
        {
            var length = Math.Min(buffer.Length, _headerEnd - _headerStart);
            _header.AsMemory(_headerStart, length).CopyTo(buffer);
            _headerStart += length;
            return length;
        }

        return await ReadPayloadAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => raw.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => raw.WriteAsync(buffer, offset, count, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override Task FlushAsync(CancellationToken cancellationToken) => raw.FlushAsync(cancellationToken);

    public override void Flush() => raw.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            raw.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadPayloadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        var most = (int)Math.Min((ulong)buffer.Length, _payloadLeft);
        int length;
        if (_start < _end)
        {
            length = Math.Min(most, _end - _start);
            _in.AsMemory(_start, length).CopyTo(buffer);
            _start += length;
        }
        else
        {
            length = await raw.ReadAsync(buffer[..most], cancellation).ConfigureAwait(false);
        }

        _payloadLeft -= (ulong)length;
        return length;
    }

    // False at the end of the stream: half a header is as good as none.
    private async ValueTask<bool> ReadHeaderAsync(CancellationToken cancellation)
    {
        if (!await FillAsync(2, cancellation).ConfigureAwait(false))
        {
            return false;
        }

        var isMasked = (_in[_start + 1] & MaskBit) != 0;
        var lengthBytes = (_in[_start + 1] & LengthBits) switch { 126 => 2, 127 => 8, _ => 0 };
        var length = 2 + lengthBytes + (isMasked ? MaskBytes : 0);
        if (!await FillAsync(length, cancellation).ConfigureAwait(false))
        {
            return false;
        }

        if (!budget.TryTake())
        {
            _flood.TrySetResult();
            await DiscardAsync(cancellation).ConfigureAwait(false);
            return false;
        }

        _in.AsSpan(_start, length).CopyTo(_header);
        _start += length;
        (_headerStart, _headerEnd) = (0, 2 + lengthBytes + MaskBytes);
        if (!isMasked)
        {
            _header[1] |= MaskBit;
            _header.AsSpan(2 + lengthBytes, MaskBytes).Clear();
        }

        _payloadLeft = lengthBytes switch
        {
            0 => (ulong)(_header[1] & LengthBits),
            2 => BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(2)),
            _ => BinaryPrimitives.ReadUInt64BigEndian(_header.AsSpan(2)),
        };
        return true;
    }

    private async ValueTask<bool> FillAsync(int length, CancellationToken cancellation)
    {
        if (_end - _start >= length)
        {
            return true;
        }

        _in.AsSpan(_start.._end).CopyTo(_in);
        (_start, _end) = (0, _end - _start);
        while (_end < length)
        {
            var read = await raw.ReadAsync(_in.AsMemory(_end), cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                return false;
            }

            _end += read;
        }

        return true;
    }

    // What is not read would reset the connection, and the client would never see why it was closed.
    private async ValueTask DiscardAsync(CancellationToken cancellation)
    {
        while (await raw.ReadAsync(_in, cancellation).ConfigureAwait(false) > 0)
        {
        }
    }
}
