using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Servers;
using Benchmarks.Subjects;

namespace Benchmarks.Suites;

/// <summary>Heartbeats of one lease a message: what etcd's keep-alive does, driven by the same loop on as many connections.</summary>
internal sealed class HeartbeatSuite : ISuite
{
    private const int StreamsPerConnection = 100;

    private static readonly Shape[] Shapes =
    [
        new("1 stream, one after the other", 1, 1, 1, "parity", row => row.ToPeer!.Median >= 1, "embedded: ≥ 1.5× etcd", row => row.ToPeer!.Median >= 1.5),
        new("100 streams", 100, 100 / StreamsPerConnection, 1, "≥ 3× etcd", row => row.ToPeer!.Median >= 3),
        new("100 streams, a connection each", 100, 100, 1),
        new("500 streams", 500, 500 / StreamsPerConnection, 1, "≥ 3× etcd", row => row.ToPeer!.Median >= 3),
        new("16 streams × 32 in flight", 16, 1, 32, "≥ 4× etcd", row => row.ToPeer!.Median >= 4),
    ];

    public string Name => "heartbeats";

    public async IAsyncEnumerable<Row> RunAsync(Bench bench)
    {
        foreach (var shape in Shapes)
        {
            bench.Say($"one lease a message: {shape.Name}");
            foreach (var row in await RunAsync(bench, shape).ConfigureAwait(false))
            {
                yield return row;
            }
        }
    }

    private static async Task<IReadOnlyList<Row>> RunAsync(Bench bench, Shape shape)
    {
        var fleet = bench.Fleet;
        var (embedded, etcd, echo) = (await fleet.EmbeddedAsync().ConfigureAwait(false), await fleet.EtcdAsync().ConfigureAwait(false), await fleet.EchoAsync().ConfigureAwait(false));
        await using var all = new Entrants();
        await all.AddOursAsync(fleet, shape, channels => WorkersAsync(channels, shape)).ConfigureAwait(false);
        await all.AddAsync("embedded", embedded, shape, channels => WorkersAsync(channels, shape), embedded).ConfigureAwait(false);
        await all.AddAsync("etcd", etcd, shape, async channels => await EtcdStream.OpenAsync(channels, shape.Streams).ConfigureAwait(false), etcd).ConfigureAwait(false);
        await all.AddAsync("echo", echo, shape, channels => WorkersAsync(channels, shape), echo).ConfigureAwait(false);

        var lines = new List<Line>
        {
            new($"heartbeats: {shape.Name}", Metric.Rate, "/s", Entrants.Ours, "etcd", "echo", shape.Target, shape.Met),
            new($"heartbeats: {shape.Name}, in memory", Metric.Rate, "/s", "embedded", "etcd", "echo", shape.EmbeddedTarget, shape.EmbeddedMet),
        };
        if (shape.Streams >= 100)
        {
            lines.Add(new($"heartbeats: {shape.Name}, p99", Metric.P99, "ms", Entrants.Ours, "etcd", "echo", "≤ ¼ of etcd", row => row.ToPeer!.Median <= 0.25));
            lines.Add(new($"heartbeats: {shape.Name}, servers' processor time", Metric.ServerCpu, "µs", Entrants.Ours, "etcd", "echo", "≤ ⅕ of etcd", row => row.ToPeer!.Median <= 0.2));
        }

        return await Contest.RunAsync(bench, all.Contestants, [.. lines]).ConfigureAwait(false);
    }

    private static async Task<IReadOnlyList<IBeats>> WorkersAsync(Channels channels, Shape shape) =>
        await WorkerStream.OpenAsync(channels, $"beat-{shape.Streams}-{shape.InFlight}-{shape.Connections}", shape.Streams, 1).ConfigureAwait(false);

    private sealed record Shape(
        string Name, int Streams, int Connections, int InFlight, string Target = "", Func<Row, bool>? Met = null, string EmbeddedTarget = "", Func<Row, bool>? EmbeddedMet = null) : IShape;
}
