using Google.Protobuf;

namespace Coordinator.Services;

/// <summary>Cuts answers so that each stays below what clients receive by default: 4 MiB.</summary>
internal static class Chunks
{
    /// <summary>The messages of one answer, together; a single one is never cut.</summary>
    public const int MaxBytes = 2 << 20;

    /// <summary>In order, each chunk at most so many messages and <see cref="MaxBytes"/>.</summary>
    public static IEnumerable<IReadOnlyList<T>> ChunkByBytes<T>(this IEnumerable<T> messages, int most)
        where T : IMessage
    {
        var (chunk, bytes) = (new List<T>(), 0);
        foreach (var message in messages)
        {
            var size = message.CalculateSize();
            if (chunk.Count > 0 && (chunk.Count == most || bytes + size > MaxBytes))
            {
                yield return chunk;
                (chunk, bytes) = ([], 0);
            }

            chunk.Add(message);
            bytes += size;
        }

        if (chunk.Count > 0)
        {
            yield return chunk;
        }
    }
}
