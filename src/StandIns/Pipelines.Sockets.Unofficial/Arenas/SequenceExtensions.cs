namespace Pipelines.Sockets.Unofficial.Arenas;

/// <summary>Makes one element from another, without copying what it reads.</summary>
public delegate TTo Projection<TFrom, out TTo>(in TFrom from);

/// <summary>As <see cref="Projection{TFrom, TTo}"/>, with something of the caller's.</summary>
public delegate TTo Projection<TFrom, TState, out TTo>(in TFrom from, in TState state);

/// <summary>Copies sequences, projecting each element.</summary>
public static class SequenceExtensions
{
    public static TTo[] ToArray<TFrom, TTo>(this in Sequence<TFrom> source, Projection<TFrom, TTo> projection)
    {
        var projected = new TTo[source.Length];
        CopyTo(in source, projected, projection);
        return projected;
    }

    public static TTo[] ToArray<TFrom, TState, TTo>(
        this in Sequence<TFrom> source, Projection<TFrom, TState, TTo> projection, in TState state)
    {
        var from = source.FirstSpan;
        var projected = new TTo[from.Length];
        for (var i = 0; i < from.Length; i++)
        {
            projected[i] = projection(in from[i], in state);
        }

        return projected;
    }

    public static void CopyTo<TFrom, TTo>(this in Sequence<TFrom> source, Span<TTo> destination, Projection<TFrom, TTo> projection)
    {
        var from = source.FirstSpan;
        if (destination.Length < from.Length)
        {
            throw new ArgumentException("The destination is too short", nameof(destination));
        }

        for (var i = 0; i < from.Length; i++)
        {
            destination[i] = projection(in from[i]);
        }
    }
}
