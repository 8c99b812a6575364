using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Subjects;

namespace Benchmarks.Suites;

/// <summary>Events appended exactly once, beside a bare client of Redis that appends them one by one and remembers nothing.</summary>
internal sealed class EventSuite : ISuite
{
    private const int Streams = 16;

    public string Name => "events";

    public async IAsyncEnumerable<Row> RunAsync(Bench bench)
    {
        foreach (var shape in new[] { new Shape(1, 8), new Shape(100, 8), new Shape(1_000, 2) })
        {
            bench.Say($"events in batches of {shape.Events}");
            foreach (var row in await RunAsync(bench, shape).ConfigureAwait(false))
            {
                yield return row;
            }
        }
    }

    private static async Task<IReadOnlyList<Row>> RunAsync(Bench bench, Shape shape)
    {
        var fleet = bench.Fleet;
        var (redis, embedded) = (await fleet.RedisAsync().ConfigureAwait(false), await fleet.EmbeddedAsync().ConfigureAwait(false));
        await using var connection = await RawRedis.ConnectAsync(redis).ConfigureAwait(false);
        await using var all = new Entrants();
        await all.AddOursAsync(fleet, shape, channels => OpenAsync(channels, shape)).ConfigureAwait(false);
        await all.AddAsync("embedded", embedded, shape, channels => OpenAsync(channels, shape), embedded).ConfigureAwait(false);
        all.Add("raw XADD", [.. Enumerable.Range(0, Streams).Select(i => RawRedis.Appends(connection, $"raw:{i}", 100))], 1, redis);

        var name = $"{Streams} streams, batches of {shape.Events}";
        var hundred = shape.Events == 100;
        return await Contest.RunAsync(bench, all.Contestants,
            new($"events: {name}", Metric.Rate, "events/s", Entrants.Ours, null, "raw XADD", hundred ? "≥ 50 % of raw" : "", hundred ? row => row.ToLimit!.Median >= 0.5 : null),
            new($"events: {name}, in memory", Metric.Rate, "events/s", "embedded")).ConfigureAwait(false);
    }

    private static async Task<IReadOnlyList<IBeats>> OpenAsync(Channels channels, Shape shape) =>
        await EventStream.OpenAsync(channels, $"event-{shape.Events}", Streams, shape.Events).ConfigureAwait(false);

    private sealed record Shape(int Events, int InFlight) : IShape
    {
        public int Connections => 1;
    }
}
