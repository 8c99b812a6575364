namespace Grpc.Net.Compression;

/// <summary>
/// Writes through a compressor, and the whole compressed form of nothing where nothing was written. Since .NET 9 the
/// compressors themselves write no byte then, which other gRPC implementations cannot decompress.
/// </summary>
internal sealed class NeverEmptyStream(Stream output, Stream compressor, byte[] emptyForm) : Stream
{
    private bool _written;
    private bool _disposed;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _written |= !buffer.IsEmpty;
        compressor.Write(buffer);
    }

    public override void Flush() => compressor.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            compressor.Dispose();
            if (!_written)
            {
                output.Write(emptyForm);
            }
        }

        base.Dispose(disposing);
    }
}
