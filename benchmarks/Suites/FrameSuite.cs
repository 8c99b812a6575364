using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Subjects;
using StackExchange.Redis;

namespace Benchmarks.Suites;

/// <summary>Heartbeats of many leases a frame, beside the same script called by a bare client of Redis, and beside the best that etcd does.</summary>
internal sealed class FrameSuite : ISuite
{
    private const int Streams = 16;
    private const int RawCalls = 4;

    public string Name => "frames";

    public async IAsyncEnumerable<Row> RunAsync(Bench bench)
    {
        foreach (var shape in new[] { new Shape(64, 4, 550_000), new Shape(1_000, 2, 500_000) })
        {
            bench.Say($"{Streams} streams, {shape.Leases} leases a frame");
            foreach (var row in await RunAsync(bench, shape).ConfigureAwait(false))
            {
                yield return row;
            }
        }
    }

    private static async Task<IReadOnlyList<Row>> RunAsync(Bench bench, Shape shape)
    {
        var fleet = bench.Fleet;
        var (redis, embedded, etcd) = (await fleet.RedisAsync().ConfigureAwait(false), await fleet.EmbeddedAsync().ConfigureAwait(false), await fleet.EtcdAsync().ConfigureAwait(false));
        await using var connection = await RawRedis.ConnectAsync(redis).ConfigureAwait(false);
        await using var all = new Entrants();
        IReadOnlyList<WorkerStream>? workers = null;
        await all.AddOursAsync(fleet, shape, async channels =>
        {
            var opened = await OpenAsync(channels, shape).ConfigureAwait(false);
            workers ??= opened;
            return opened;
        }).ConfigureAwait(false);
        await all.AddAsync("embedded", embedded, shape, async channels => await OpenAsync(channels, shape).ConfigureAwait(false), embedded).ConfigureAwait(false);
        await all.AddAsync("etcd", etcd, new Shape(1, 32, 0), async channels => await EtcdStream.OpenAsync(channels, Streams).ConfigureAwait(false), etcd).ConfigureAwait(false);
        var raw = await RawRedis.RenewalsAsync(connection, workers!.SelectMany(worker => worker.Leases)).ConfigureAwait(false);
        all.Add("raw script", [.. raw.Take(RawCalls)], 1, redis);

        var name = $"{Streams} streams, {shape.Leases} leases a frame";
        return await Contest.RunAsync(bench, all.Contestants,
            new($"frames: {name}", Metric.Rate, "leases/s", Entrants.Ours, "etcd", "raw script", $"≥ {shape.Target:#,0}, ≥ 0.9 of raw, ≥ 15× etcd",
                row => row.Ours.Median >= shape.Target && row.ToLimit!.Median >= 0.9 && row.ToPeer!.Median >= 15),
            new($"frames: {name}, in memory", Metric.Rate, "leases/s", "embedded", "etcd"),
            new($"frames: {name}, in memory, the server's processor time", Metric.ServerCpu, "µs", "embedded", null, null, "≤ 1 µs a lease", row => row.Ours.Median <= 1)).ConfigureAwait(false);
    }

    private static Task<IReadOnlyList<WorkerStream>> OpenAsync(Channels channels, Shape shape) =>
        WorkerStream.OpenAsync(channels, $"frame-{shape.Leases}", Streams, shape.Leases);

    private sealed record Shape(int Leases, int InFlight, int Target) : IShape
    {
        public int Connections => 1;
    }
}
