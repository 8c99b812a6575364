namespace Pipelines.Sockets.Unofficial.Arenas;

/// <summary>A slice of an arena; dead once the arena is reset.</summary>
public readonly struct Sequence<T>
{
    private readonly T[]? _array;
    private readonly int _offset;
    private readonly int _length;

    internal Sequence(T[] array, int offset, int length) => (_array, _offset, _length) = (array, offset, length);

    public long Length => _length;

    public bool IsEmpty => _length == 0;

    /// <summary>Always: this arena's slices are contiguous.</summary>
    public bool IsSingleSegment => true;

    public Span<T> FirstSpan => new(_array, _offset, _length);

    public SpanEnumerable Spans => new(this);

    public ref T this[int index] => ref FirstSpan[index];

    public Sequence Untyped() => new(_array, _offset, _length);

    public Enumerator GetEnumerator() => new(this);

    /// <summary>Walks the elements by reference.</summary>
    public struct Enumerator
    {
        private readonly Sequence<T> _source;
        private int _index;

        internal Enumerator(Sequence<T> source) => (_source, _index) = (source, -1);

        public readonly ref T Current => ref _source[_index];

        public bool MoveNext() => ++_index < _source._length;

        /// <summary>Moves on and gives the element; throws where there is none.</summary>
        public ref T GetNext() => ref _source[++_index];
    }

    /// <summary>The contiguous parts: none of an empty sequence, else one.</summary>
    public readonly struct SpanEnumerable
    {
        private readonly Sequence<T> _source;

        internal SpanEnumerable(Sequence<T> source) => _source = source;

        public SpanEnumerator GetEnumerator() => new(_source);
    }

    /// <summary>Walks the contiguous parts.</summary>
    public struct SpanEnumerator
    {
        private readonly Sequence<T> _source;
        private bool _begun;

        internal SpanEnumerator(Sequence<T> source) => _source = source;

        public readonly Span<T> Current => _source.FirstSpan;

        public bool MoveNext()
        {
            var first = !_begun;
            _begun = true;
            return first && !_source.IsEmpty;
        }
    }
}
