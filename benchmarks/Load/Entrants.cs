using Benchmarks.Servers;
using Benchmarks.Subjects;

namespace Benchmarks.Load;

/// <summary>How a load meets a server.</summary>
internal interface IShape
{
    int Connections { get; }

    /// <summary>Questions that each stream has out at once.</summary>
    int InFlight { get; }
}

/// <summary>The contestants of one contest with their open streams, which stay open between rounds.</summary>
internal sealed class Entrants : IAsyncDisposable
{
    /// <summary>This build, on Redis.</summary>
    public const string Ours = "redis";

    /// <summary>Another build of ours.</summary>
    public const string Before = "before";

    private readonly List<Contestant> _contestants = [];
    private readonly List<Channels> _channels = [];
    private readonly List<IBeats> _beats = [];

    public IReadOnlyList<Contestant> Contestants => _contestants;

    /// <param name="costs">Whose processor time is counted.</param>
    public async Task AddAsync(string name, Server server, IShape shape, Func<Channels, Task<IReadOnlyList<IBeats>>> openAsync, params Server[] costs)
    {
        var channels = new Channels(server, shape.Connections);
        _channels.Add(channels);
        Add(name, await openAsync(channels).ConfigureAwait(false), shape.InFlight, costs);
    }

    /// <summary>This build on Redis, and the other build where one takes part.</summary>
    public async Task AddOursAsync(Fleet fleet, IShape shape, Func<Channels, Task<IReadOnlyList<IBeats>>> openAsync)
    {
        var (redis, coordinator) = (await fleet.RedisAsync().ConfigureAwait(false), await fleet.CoordinatorAsync().ConfigureAwait(false));
        await AddAsync(Ours, coordinator, shape, openAsync, coordinator, redis).ConfigureAwait(false);
        if (await fleet.BeforeAsync().ConfigureAwait(false) is { } before)
        {
            await AddAsync(Before, before.Coordinator, shape, openAsync, before.Coordinator, before.Redis).ConfigureAwait(false);
        }
    }

    /// <summary>What needs no connections of gRPC.</summary>
    public void Add(string name, IReadOnlyList<IBeats> beats, int inFlight, params Server[] costs)
    {
        _beats.AddRange(beats);
        _contestants.Add(new(name, timing => BeatLoad.RunAsync(beats, inFlight, costs, timing)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var beats in _beats)
        {
            await beats.DisposeAsync().ConfigureAwait(false);
        }

        _channels.ForEach(channels => channels.Dispose());
    }
}
