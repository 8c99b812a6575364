using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Leases;

/// <summary>Tells a repeat from something else under the same name: half a SHA-256 in hex.</summary>
internal static class Digests
{
    public static string Of(IReadOnlyList<EventEntry> events)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var entry in events)
        {
            Append(hash, Encoding.UTF8.GetBytes(entry.Type));
            Append(hash, entry.Payload.Span);
        }

        return Finish(hash);
    }

    /// <summary>Of texts of which some may be absent, which is not the same as empty.</summary>
    public static string Of(params IEnumerable<string?> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var text in texts)
        {
            hash.AppendData([text is null ? (byte)0 : (byte)1]);
            Append(hash, Encoding.UTF8.GetBytes(text ?? ""));
        }

        return Finish(hash);
    }

    // The length goes in with the content, so that no two different lists read as the same bytes.
    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> content)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, content.Length);
        hash.AppendData(length);
        hash.AppendData(content);
    }

    private static string Finish(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
}
