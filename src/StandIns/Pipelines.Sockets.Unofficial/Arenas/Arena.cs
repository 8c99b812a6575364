namespace Pipelines.Sockets.Unofficial.Arenas;

/// <summary>
/// Hands out slices of one array and takes them all back together. Not thread-safe: one reader owns it. A slice is always
/// contiguous; where the array in hand is too short a new one replaces it, and the old one lives as long as its slices.
/// </summary>
public sealed class Arena<T>(ArenaOptions? options = null, Allocator<T>? allocator = null) : IDisposable
{
    private const int SmallestBlock = 256;
    private const int LargestKept = 4096;

    private readonly int _blockSize = Math.Max(SmallestBlock, options?.BlockSize ?? 0);
    private T[] _block = [];
    private int _used;

    public Allocator<T>? Allocator { get; } = allocator;

    public Sequence<T> Allocate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length == 0)
        {
            return default;
        }

        if (length > _block.Length - _used)
        {
            _block = new T[Math.Max(_blockSize, length)];
            _used = 0;
        }

        var slice = new Sequence<T>(_block, _used, length);
        _used += length;
        return slice;
    }

    /// <summary>Takes back every slice handed out since the last reset.</summary>
    public void Reset()
    {
        if (_block.Length > LargestKept)
        {
            _block = [];
        }
        else
        {
            // What the slices referred to must not be kept alive from here.
            Array.Clear(_block, 0, _used);
        }

        _used = 0;
    }

    public void Dispose()
    {
        _block = [];
        _used = 0;
    }
}
