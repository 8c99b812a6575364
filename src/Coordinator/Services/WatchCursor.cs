using Coordinator.Leases;
using Google.Protobuf;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Services;

/// <summary>
/// Where a Watch stands: the position in each partition. On the wire: a version byte, eight bytes that name what is watched, then a
/// varint for each partition.
/// </summary>
internal static class WatchCursor
{
    private const byte Version = 1;
    private const int NameBytes = 8;

    public static ByteString Write(string tenant, string prefix, long[] positions)
    {
        using var buffer = new MemoryStream();
        buffer.WriteByte(Version);
        buffer.Write(Name(tenant, prefix));
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            foreach (var position in positions)
            {
                output.WriteInt64(position);
            }
        }

        return ByteString.CopyFrom(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    /// <summary>The positions; refuses what is no cursor, or one of another prefix or tenant.</summary>
    public static Outcome<long[]> Read(ByteString cursor, string tenant, string prefix)
    {
        if (cursor.Length <= 1 + NameBytes || cursor[0] != Version)
        {
            return Refusal.Invalid("cursor", "not a cursor of this service");
        }

        return cursor.Span.Slice(1, NameBytes).SequenceEqual(Name(tenant, prefix))
            ? Positions(cursor.Span[(1 + NameBytes)..].ToArray()) is { } positions ? positions : Refusal.Invalid("cursor", "not a cursor of this service")
            : Refusal.Invalid("cursor", "a cursor of another prefix");
    }

    private static long[]? Positions(byte[] bytes)
    {
        using var input = new CodedInputStream(bytes);
        var positions = new long[ResourceKey.Partitions];
        try
        {
            for (var partition = 0; partition < positions.Length; partition++)
            {
                positions[partition] = input.ReadInt64();
            }

            return input.IsAtEnd && positions.All(position => position >= 0) ? positions : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static byte[] Name(string tenant, string prefix) => SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant}\n{prefix}"))[..NameBytes];
}
