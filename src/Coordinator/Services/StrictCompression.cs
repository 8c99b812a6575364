using Grpc.Core;
using Grpc.Net.Compression;
using System.IO.Compression;

namespace Coordinator.Services;

/// <summary>
/// A compression that answers what cannot be decompressed as the caller's fault, INVALID_ARGUMENT, where the framework would answer
/// UNKNOWN. The framework bounds what comes out of it.
/// </summary>
internal sealed class StrictCompression(ICompressionProvider lenient) : ICompressionProvider
{
    public string EncodingName => lenient.EncodingName;

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) => lenient.CreateCompressionStream(stream, compressionLevel);

    public Stream CreateDecompressionStream(Stream stream) => new Decompressed(lenient.CreateDecompressionStream(stream));

    private sealed class Decompressed(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            try
            {
                return inner.Read(buffer);
            }
            catch (InvalidDataException garbage)
            {
                throw StatusTable.Fail(StatusCode.InvalidArgument, "MALFORMED_MESSAGE", $"The message cannot be decompressed: {garbage.Message}");
            }
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
