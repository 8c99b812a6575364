using System.IO.Compression;

namespace Grpc.Net.Compression;

/// <summary>The encoding "gzip" (RFC 1952).</summary>
public sealed class GzipCompressionProvider(CompressionLevel defaultCompressionLevel) : ICompressionProvider
{
    // Header (deflate, no name, no time, made on Unix), one empty final block, CRC-32 and length of nothing.
    private static readonly byte[] Empty = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    public string EncodingName => "gzip";

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel)
    {
        var gzip = new GZipStream(stream, compressionLevel ?? defaultCompressionLevel, leaveOpen: true);
        return new NeverEmptyStream(stream, gzip, Empty);
    }

    public Stream CreateDecompressionStream(Stream stream) => new GZipStream(stream, CompressionMode.Decompress);
}
