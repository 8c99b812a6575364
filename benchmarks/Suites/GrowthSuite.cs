using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Servers;
using Benchmarks.Subjects;

namespace Benchmarks.Suites;

/// <summary>What a renewal costs where there are few leases, and where there are a million: the same frames of a hundred.</summary>
internal sealed class GrowthSuite : ISuite
{
    private const int Streams = 10;
    private const int Frame = 100;
    private const int Few = 1_000;

    public string Name => "growth";

    public async IAsyncEnumerable<Row> RunAsync(Bench bench)
    {
        var many = bench.Timing.Count(1_000_000, 10_000);
        bench.Say($"growth from {Few:#,0} to {many:#,0} leases");
        await using var fewRedis = await Server.RedisAsync().ConfigureAwait(false);
        await using var few = await Fleet.CoordinatorAsync(fewRedis).ConfigureAwait(false);
        await using var manyRedis = await Server.RedisAsync().ConfigureAwait(false);
        await using var crowded = await Fleet.CoordinatorAsync(manyRedis).ConfigureAwait(false);
        await using var all = new Entrants();
        await all.AddAsync("few", few, new Shape(), channels => OpenAsync(channels, Few), few, fewRedis).ConfigureAwait(false);
        await all.AddAsync("many", crowded, new Shape(), channels => OpenAsync(channels, many), crowded, manyRedis).ConfigureAwait(false);
        foreach (var row in await Contest.RunAsync(bench, all.Contestants,
            new Line($"servers' processor time a renewal, {many:#,0} leases beside {Few:#,0}", Metric.ServerCpu, "µs", "many", null, "few", "≤ 1.5×", row => row.ToLimit!.Median <= 1.5)).ConfigureAwait(false))
        {
            yield return row;
        }
    }

    private static async Task<IReadOnlyList<IBeats>> OpenAsync(Channels channels, int leases) =>
        [.. (await WorkerStream.OpenAsync(channels, "growth", Streams, leases / Streams).ConfigureAwait(false)).Select(stream => new NamedBeats(stream, Frame))];

    private sealed record Shape : IShape
    {
        public int Connections => 1;

        public int InFlight => 2;
    }
}
