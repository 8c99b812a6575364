namespace Coordinator.Tails;

/// <summary>The tails of one script, as an event meets them: those that ask for the same are asked once.</summary>
internal sealed class Audience
{
    public static readonly Audience Nobody = new([]);

    private readonly (ActiveTail Asks, int[] Places)[] _groups;

    public Audience(IReadOnlyList<ActiveTail> tails)
    {
        Names = [.. tails.Select(tail => tail.Name)];
        SamplingRate = tails.Select(tail => tail.SamplingRate).DefaultIfEmpty(0).Max();
        _groups = [.. tails.Select((tail, place) => (Tail: tail, Place: place)).GroupBy(placed => placed.Tail.Asks)
            .Select(alike => (alike.First().Tail, alike.Select(placed => placed.Place).ToArray()))];
        HasLive = tails.Any(tail => tail.Live is not null);
    }

    /// <summary>Of the tails; a tail's place is that of its name.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The largest share that any of them takes; 0 where there is none.</summary>
    public double SamplingRate { get; }

    public bool HasLive { get; }

    public bool IsEmpty => Names.Count == 0;

    /// <summary>The places of the script's tails that want a message; none of a live tail.</summary>
    public IReadOnlyList<int> Wanting(TraceMessage message) => Wanting(tail => tail.Filters?.Matches(message) == true);

    /// <summary>The places of the live tails that want a frame.</summary>
    public IReadOnlyList<int> Wanting(LiveFrame frame) => Wanting(tail => tail.Live?.Matches(frame) == true);

    // Filters first, then the share, of which each tail takes its own.
    private IReadOnlyList<int> Wanting(Func<ActiveTail, bool> matches)
    {
        IReadOnlyList<int>? only = null;
        List<int>? several = null;
        foreach (var (asks, places) in _groups)
        {
            if (!matches(asks))
            {
                continue;
            }

            var taking = asks.SamplingRate >= 1 ? places : [.. places.Where(_ => Random.Shared.NextDouble() < asks.SamplingRate)];
            if (only is null)
            {
                only = taking;
            }
            else
            {
                (several ??= [.. only]).AddRange(taking);
            }
        }

        return several ?? only ?? [];
    }
}
