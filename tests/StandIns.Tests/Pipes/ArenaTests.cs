using Pipelines.Sockets.Unofficial.Arenas;

namespace StandIns.Tests.Pipes;

public sealed class ArenaTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(100_000)]
    public void Allocate_OfAnyLength_GivesThatManyElements(int length)
    {
        using var arena = new Arena<int>();

        var sequence = arena.Allocate(length);

        Assert.Equal(length, sequence.Length);
        Assert.Equal(length, sequence.FirstSpan.Length);
        Assert.True(sequence.IsSingleSegment);
        Assert.False(sequence.IsEmpty);
    }

    [Fact]
    public void Allocate_OfZero_IsEmpty()
    {
        using var arena = new Arena<int>();

        var sequence = arena.Allocate(0);

        Assert.True(sequence.IsEmpty);
        Assert.Equal(0, sequence.Length);
        Assert.Empty(Elements(sequence));
        Assert.Empty(sequence.ToArray((in int element) => element));
    }

    [Fact]
    public void Allocate_Negative_Throws()
    {
        using var arena = new Arena<int>();

        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Allocate(-1));
    }

    [Fact]
    public void Allocate_ManySlices_NeverOverlap()
    {
        using var arena = new Arena<int>();
        var slices = Enumerable.Range(1, 500).Select(length => (Value: length, Slice: Filled(arena, length % 97 + 1, length))).ToList();

        Assert.All(slices, pair => Assert.All(Elements(pair.Slice), element => Assert.Equal(pair.Value, element)));
    }

    [Fact]
    public void Reset_AfterUse_LetsGoOfWhatSlicesReferredTo()
    {
        using var arena = new Arena<object?>();
        var before = arena.Allocate(3);
        before[1] = new object();

        arena.Reset();

        Assert.Null(arena.Allocate(3)[1]);
    }

    [Fact]
    public void Indexer_OutsideSequence_Throws()
    {
        using var arena = new Arena<int>();
        arena.Allocate(5);
        var sequence = arena.Allocate(2);

        Assert.Throws<IndexOutOfRangeException>(() => sequence[2]);
        Assert.Throws<IndexOutOfRangeException>(() => sequence[-1]);
    }

    [Fact]
    public void GetNext_WalksTheElementsByReference()
    {
        using var arena = new Arena<int>();
        var sequence = Filled(arena, 2, 1);

        var elements = sequence.GetEnumerator();
        elements.GetNext() = 7;
        elements.GetNext() = 8;

        Assert.Equal([7, 8], Elements(sequence));
    }

    [Fact]
    public void Spans_CoverTheSequenceInOrder()
    {
        using var arena = new Arena<int>();
        var sequence = Filled(arena, 300, 4);
        var seen = 0;

        foreach (var span in sequence.Spans)
        {
            seen += span.Length;
        }

        Assert.Equal(300, seen);
    }

    [Fact]
    public void Cast_AfterUntyped_GivesTheSameElements()
    {
        using var arena = new Arena<int>();
        arena.Allocate(9);
        var sequence = Filled(arena, 3, 5);

        var untyped = sequence.Untyped();

        Assert.Equal(3, untyped.Length);
        Assert.Equal([5, 5, 5], Elements(untyped.Cast<int>()));
        Assert.True(default(Sequence).Cast<int>().IsEmpty);
    }

    [Fact]
    public void ToArray_WithProjection_ProjectsEachElement()
    {
        using var arena = new Arena<int>();
        var sequence = Filled(arena, 3, 2);
        sequence[2] = 10;

        Assert.Equal(["2", "2", "10"], sequence.ToArray((in int element) => $"{element}"));
        Assert.Equal([5, 5, 13], sequence.ToArray((in int element, in int state) => element + state, 3));
    }

    [Fact]
    public void CopyTo_WithProjection_FillsTheDestinationOrRefuses()
    {
        using var arena = new Arena<int>();
        var sequence = Filled(arena, 3, 2);
        var destination = new long[4];

        sequence.CopyTo(destination, (in int element) => (long)element);

        Assert.Equal([2L, 2L, 2L, 0L], destination);
        Assert.Throws<ArgumentException>(() => sequence.CopyTo(new long[2], (in int element) => (long)element));
    }

    private static Sequence<int> Filled(Arena<int> arena, int length, int value)
    {
        var sequence = arena.Allocate(length);
        sequence.FirstSpan.Fill(value);
        return sequence;
    }

    private static List<int> Elements(Sequence<int> sequence)
    {
        var elements = new List<int>();
        foreach (ref var element in sequence)
        {
            elements.Add(element);
        }

        return elements;
    }
}
