using Grpc.Net.Compression;
using System.IO.Compression;
using System.Security.Cryptography;

namespace StandIns.Tests.Compression;

/// <summary>
/// .NET's own compressing streams write nothing for nothing; other gRPC implementations then fail to decompress an empty
/// message (an acknowledgement without fields is one).
/// </summary>
public sealed class EmptyMessageTests
{
    public static TheoryData<string> Encodings => ["gzip", "deflate"];

    [Theory]
    [MemberData(nameof(Encodings))]
    public void CreateCompressionStream_NothingWritten_GivesACompleteMember(string encoding)
    {
        var compressed = Compress(Provider(encoding), []);

        Assert.NotEmpty(compressed);
        Assert.Empty(Decompress(Provider(encoding), compressed));
    }

    [Fact]
    public void CreateCompressionStream_GzipOfNothing_FollowsRfc1952()
    {
        var compressed = Compress(Provider("gzip"), []);

        Assert.Equal([0x1f, 0x8b, 8], compressed[..3]);
        // The trailer: CRC-32 of nothing and a length of zero.
        Assert.Equal(new byte[8], compressed[^8..]);
    }

    [Fact]
    public void CreateCompressionStream_DeflateOfNothing_FollowsRfc1950()
    {
        var compressed = Compress(Provider("deflate"), []);

        Assert.Equal(0, ((compressed[0] << 8) | compressed[1]) % 31);
        // Adler-32 of nothing.
        Assert.Equal([0, 0, 0, 1], compressed[^4..]);
    }

    [Theory]
    [InlineData("gzip", 1)]
    [InlineData("gzip", 100_000)]
    [InlineData("deflate", 1)]
    [InlineData("deflate", 100_000)]
    public void CreateDecompressionStream_OfCompressed_GivesTheInput(string encoding, int length)
    {
        var input = RandomNumberGenerator.GetBytes(length);

        Assert.Equal(input, Decompress(Provider(encoding), Compress(Provider(encoding), input)));
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public void CreateCompressionStream_Disposed_LeavesTheOutputOpen(string encoding)
    {
        using var output = new MemoryStream();

        var compressing = Provider(encoding).CreateCompressionStream(output, CompressionLevel.Fastest);
        compressing.Dispose();
        compressing.Dispose();
        var length = output.Length;

        Assert.True(output.CanWrite);
        Assert.Equal(length, Compress(Provider(encoding), []).Length);
    }

    private static ICompressionProvider Provider(string encoding)
    {
        ICompressionProvider provider = encoding == "gzip"
            ? new GzipCompressionProvider(CompressionLevel.Fastest)
            : new DeflateCompressionProvider(CompressionLevel.Fastest);
        Assert.Equal(encoding, provider.EncodingName);
        return provider;
    }

    private static byte[] Compress(ICompressionProvider provider, byte[] input)
    {
        using var output = new MemoryStream();
        using (var compressing = provider.CreateCompressionStream(output, null))
        {
            compressing.Write(input);
        }

        return output.ToArray();
    }

    private static byte[] Decompress(ICompressionProvider provider, byte[] compressed)
    {
        using var output = new MemoryStream();
        using var decompressing = provider.CreateDecompressionStream(new MemoryStream(compressed));
        decompressing.CopyTo(output);
        return output.ToArray();
    }
}
