namespace Pipelines.Sockets.Unofficial.Arenas;

/// <summary>Named by the client; this arena has one behaviour.</summary>
[Flags]
public enum ArenaFlags
{
    None = 0,
}

/// <summary>Named by the client; this arena takes arrays from the runtime alone.</summary>
public abstract class Allocator<T>;

/// <summary>How an arena takes its memory. Of these, this one heeds the block size: the least number of elements taken at once.</summary>
public sealed class ArenaOptions(ArenaFlags flags = ArenaFlags.None, int blockSize = 0, Func<long, long, long>? retentionPolicy = null)
{
    public ArenaFlags Flags { get; } = flags;

    public int BlockSize { get; } = blockSize;

    public Func<long, long, long>? RetentionPolicy { get; } = retentionPolicy;
}
