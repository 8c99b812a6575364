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
