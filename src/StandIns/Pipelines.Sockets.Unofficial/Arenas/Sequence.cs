namespace Pipelines.Sockets.Unofficial.Arenas;

/// <summary>A <see cref="Sequence{T}"/> that has forgotten the type of its elements, so that an element may hold one.</summary>
public readonly struct Sequence
{
    private readonly Array? _array;
    private readonly int _offset;
    private readonly int _length;

    internal Sequence(Array? array, int offset, int length) => (_array, _offset, _length) = (array, offset, length);

    public long Length => _length;

    public Sequence<T> Cast<T>() => _length == 0 ? default : new Sequence<T>((T[])_array!, _offset, _length);
}
