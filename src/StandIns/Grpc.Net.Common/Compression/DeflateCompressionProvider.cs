using System.IO.Compression;

namespace Grpc.Net.Compression;

/// <summary>The encoding "deflate", which is the zlib format (RFC 1950) and not the bare one.</summary>
public sealed class DeflateCompressionProvider(CompressionLevel defaultCompressionLevel) : ICompressionProvider
{
    // Header, one empty final block, Adler-32 of nothing.
    private static readonly byte[] Empty = [0x78, 0x9c, 3, 0, 0, 0, 0, 1];

    public string EncodingName => "deflate";

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel)
    {
        var zlib = new ZLibStream(stream, compressionLevel ?? defaultCompressionLevel, leaveOpen: true);
        return new NeverEmptyStream(stream, zlib, Empty);
    }

    public Stream CreateDecompressionStream(Stream stream) => new ZLibStream(stream, CompressionMode.Decompress);
}
