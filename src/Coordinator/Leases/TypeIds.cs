using System.Text.RegularExpressions;

namespace Coordinator.Leases;

/// <summary>
/// TypeIDs (jetify-com/typeid, version 0.3): a prefix, an underscore and a UUID as 26 characters of Crockford's base32, lower case.
/// </summary>
internal static partial class TypeIds
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int SuffixLength = 26;

    /// <summary>A new one, of a UUIDv7: later ones sort later.</summary>
    /// <param name="lastByte">Takes the place of one of its random bytes.</param>
    public static string Make(string prefix, DateTimeOffset now, byte lastByte)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(now).TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[^1] = lastByte;
        var value = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        Span<char> suffix = stackalloc char[SuffixLength];
        for (var i = SuffixLength - 1; i >= 0; i--, value >>= 5)
        {
            suffix[i] = Alphabet[(int)(value & 31)];
        }

        return $"{prefix}_{suffix}";
    }

    public static bool IsValid(string id, string prefix) =>
        id.Length == prefix.Length + 1 + SuffixLength && id.StartsWith(prefix, StringComparison.Ordinal) && id[prefix.Length] == '_'
        && Suffix().IsMatch(id.AsSpan(prefix.Length + 1));

    /// <summary>The last byte of the UUID of a valid one.</summary>
    public static byte LastByte(string id) => (byte)((Alphabet.IndexOf(id[^2], StringComparison.Ordinal) << 5) | Alphabet.IndexOf(id[^1], StringComparison.Ordinal));

    // 26 characters hold 130 bits: the first may not go beyond the 128 of a UUID.
    [GeneratedRegex(@"\A[0-7][0-9a-hjkmnp-tv-z]{25}\z")]
    private static partial Regex Suffix();
}
