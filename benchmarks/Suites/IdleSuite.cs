using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Servers;
using Benchmarks.Subjects;
using Coordinator.Testing;
using Coordinator.V1;
using System.Diagnostics;

namespace Benchmarks.Suites;

/// <summary>Many workers that have little to say: what each costs in memory, and how soon all are back when their coordinator was killed.</summary>
internal sealed class IdleSuite : ISuite
{
    private const int StreamsPerConnection = 100;

    public string Name => "idle";

    public async IAsyncEnumerable<Row> RunAsync(Bench bench)
    {
        var count = bench.Timing.Count(10_000, 200);
        bench.Say($"{count:#,0} idle streams");
        var redis = await bench.Fleet.RedisAsync().ConfigureAwait(false);
        var port = FreePort.Next();
        double each;
        LeaseRef[] held;
        await using (var coordinator = await Fleet.CoordinatorAsync(redis, port).ConfigureAwait(false))
        {
            (each, held) = await FillAsync(coordinator, count).ConfigureAwait(false);
        }

        await using var echo = await Fleet.StartEchoAsync().ConfigureAwait(false);
        var (bare, _) = await FillAsync(echo, count).ConfigureAwait(false);
        yield return new("memory of an idle stream", "KB", Figure.Of([each]), null, new("echo", Figure.Of([bare])), null, Figure.Of([each / bare]), NoCpu, "≤ 60 KB", each <= 60);

        bench.Say($"  all come back");
        await using var again = await Fleet.CoordinatorAsync(redis, port).ConfigureAwait(false);
        using var channels = new Channels(again, Math.Max(1, count / StreamsPerConnection));
        var clock = Stopwatch.StartNew();
        var back = await Task.WhenAll(held.Select((lease, i) => WorkerStream.OpenAsync(channels.Next(), $"idle-{i}", 0, lease))).ConfigureAwait(false);
        var seconds = clock.Elapsed.TotalSeconds;
        foreach (var stream in back)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
        }

        yield return new($"{count:#,0} streams resume after a kill, none lost", "s", Figure.Of([seconds]), null, null, null, null, NoCpu, "≤ 20 s", seconds <= 20);
    }

    private static IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> NoCpu => new Dictionary<string, IReadOnlyDictionary<string, double>>();

    /// <summary>What each stream adds to the server's memory, in KB, and the lease that each took.</summary>
    private static async Task<(double Each, LeaseRef[] Held)> FillAsync(Server server, int count)
    {
        using var channels = new Channels(server, Math.Max(1, count / StreamsPerConnection));
        // The first ones make the server load its code.
        var first = await WorkerStream.OpenAsync(channels, "first", Math.Min(count, StreamsPerConnection), 1).ConfigureAwait(false);
        var before = server.ResidentBytes();
        var streams = await WorkerStream.OpenAsync(channels, "idle", count, 1).ConfigureAwait(false);
        var each = (server.ResidentBytes() - before) / 1_024.0 / count;
        var held = streams.Select(stream => stream.Leases[0]).ToArray();
        foreach (var stream in first.Concat(streams))
        {
            await stream.DisposeAsync().ConfigureAwait(false);
        }

        return (each, held);
    }
}
