using System.IO.Compression;

namespace Grpc.Net.Compression;

/// <summary>One message encoding, under the name it has on the wire.</summary>
public interface ICompressionProvider
{
    string EncodingName { get; }

    /// <summary>A stream that compresses into the given one and leaves it open.</summary>
    Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel);

    Stream CreateDecompressionStream(Stream stream);
}
