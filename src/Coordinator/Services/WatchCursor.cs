using Coordinator.Leases;
using Google.Protobuf;

namespace Coordinator.Services;

/// <summary>Where a Watch stands: the position in each partition. On the wire: a version byte, then a varint each.</summary>
internal static class WatchCursor
{
    private const byte Version = 1;

    public static ByteString Write(long[] positions)
    {
        using var buffer = new MemoryStream();
        buffer.WriteByte(Version);
        var output = new CodedOutputStream(buffer, leaveOpen: true);
        foreach (var position in positions)
        {
            output.WriteInt64(position);
        }

        output.Flush();
        return ByteString.CopyFrom(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    public static Outcome<long[]> Read(ByteString cursor)
    {
        var refusal = Refusal.Invalid("cursor", "not a cursor of this service");
        try
        {
            if (cursor[0] != Version)
            {
                return refusal;
            }

            var input = new CodedInputStream(cursor.Span[1..].ToArray());
            var positions = new long[ResourceKey.Partitions];
            for (var partition = 0; partition < positions.Length; partition++)
            {
                positions[partition] = input.ReadInt64();
            }

            return input.IsAtEnd && !positions.Any(position => position < 0) ? positions : refusal;
        }
        catch (InvalidProtocolBufferException)
        {
            return refusal;
        }
    }
}
