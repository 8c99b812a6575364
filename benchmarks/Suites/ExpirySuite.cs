using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Servers;
using Benchmarks.Subjects;
using Coordinator.V1;
using Grpc.Core;
using StackExchange.Redis;
using System.Collections.Concurrent;

namespace Benchmarks.Suites;

/// <summary>How late the end of a lease is known, beside a million other keys that have a TTL, and how late Redis's own notifications are.</summary>
internal sealed class ExpirySuite : ISuite
{
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Spread = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private const int AtOnce = 64;
    private const int Chunk = 10_000;

    public string Name => "expiry";

    public async IAsyncEnumerable<Row> RunAsync(Bench bench)
    {
        var (count, others) = (bench.Timing.Count(20_000, 500), bench.Timing.Count(1_000_000, 10_000));
        bench.Say($"expiry of {count:#,0} leases within {Spread.TotalSeconds} s beside {others:#,0} keys");
        await using var redis = await Server.RedisAsync("--notify-keyspace-events", "Ex").ConfigureAwait(false);
        await using var coordinator = await Fleet.CoordinatorAsync(redis).ConfigureAwait(false);
        await using var connection = await RawRedis.ConnectAsync(redis).ConfigureAwait(false);
        await PopulateAsync(connection.GetDatabase(), others).ConfigureAwait(false);
        var ours = await LeasesAsync(coordinator, count).ConfigureAwait(false);
        bench.Say($"  {ours.Brief()}");
        var theirs = await NotificationsAsync(connection, count).ConfigureAwait(false);
        bench.Say($"  notifications of Redis: {theirs.Brief()}");
        foreach (var (name, metric, target, most) in new[] { ("p50", Metric.P50, "", 0.0), ("p99", Metric.P99, $"≤ 250 ms; exactly {count:#,0}, none early", 250.0) })
        {
            yield return new($"expiry lag, {name}", "ms", Of(ours, metric), new("notifications", Of(theirs, metric)), null, Figure.Of([ours.Metrics[metric] / theirs.Metrics[metric]]), null,
                new Dictionary<string, IReadOnlyDictionary<string, double>>(), target, most > 0 ? ours.Metrics[metric] <= most : null);
        }
    }

    private static Figure Of(Sample sample, string metric) => Figure.Of([sample.Metrics[metric]]);

    private static async Task PopulateAsync(IDatabase database, int keys)
    {
        for (var from = 0; from < keys; from += Chunk)
        {
            await Task.WhenAll(Enumerable.Range(from, Math.Min(Chunk, keys - from)).Select(i =>
                (Task)database.StringSetAsync($"other:{i}", "x", TimeSpan.FromSeconds(1_800 + (i % 3_600))))).ConfigureAwait(false);
        }
    }

    /// <summary>Throws where one ends early, twice, or otherwise than by expiry.</summary>
    private static async Task<Sample> LeasesAsync(Server coordinator, int count)
    {
        using var channels = new Channels(coordinator, 4);
        using var watch = new Leases.LeasesClient(channels.Next()).Watch(new() { Prefix = "due/" }, Channels.Headers);
        await watch.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false);
        var first = TimeProvider.System.GetUtcNow() + Ahead;
        var deadlines = new ConcurrentDictionary<string, DateTimeOffset>();
        var acquiring = Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, cancellation) =>
        {
            var ttl = first + (Spread * ((double)i / count)) - TimeProvider.System.GetUtcNow();
            var lease = (await new Leases.LeasesClient(channels.Next()).AcquireAsync(
                new() { Resource = $"due/{i}", Holder = "bench", TtlMs = (long)ttl.TotalMilliseconds }, Channels.Headers, cancellationToken: cancellation).ConfigureAwait(false)).Lease;
            deadlines[lease.Resource] = lease.ExpiresAt.ToDateTimeOffset();
        });
        var lags = new List<(string Resource, DateTimeOffset At)>(count);
        using var late = new CancellationTokenSource(Ahead + Spread + Patience);
        while (lags.Count < count && await watch.ResponseStream.MoveNext(late.Token).ConfigureAwait(false))
        {
            var now = TimeProvider.System.GetUtcNow();
            foreach (var change in watch.ResponseStream.Current.Changes.Where(change => change.Kind == LeaseChange.Types.Kind.Ended))
            {
                lags.Add(change.Reason == EndReason.Expired ? (change.Resource, now) : throw new InvalidOperationException($"Not expired: {change}"));
            }
        }

        await acquiring.ConfigureAwait(false);
        if (lags.DistinctBy(lag => lag.Resource).Count() != count)
        {
            throw new InvalidOperationException("A lease ended twice.");
        }

        var sorted = lags.Select(lag => (lag.At - deadlines[lag.Resource]).TotalMilliseconds).Order().ToArray();
        return sorted[0] < 0 ? throw new InvalidOperationException($"A lease ended {-sorted[0]} ms early.") : Of(sorted);
    }

    /// <summary>What is not told within the patience counts as late as that.</summary>
    private static async Task<Sample> NotificationsAsync(ConnectionMultiplexer connection, int count)
    {
        var database = connection.GetDatabase();
        var told = new ConcurrentDictionary<string, DateTimeOffset>();
        await connection.GetSubscriber().SubscribeAsync(RedisChannel.Literal("__keyevent@0__:expired"), (_, key) => told.TryAdd((string)key!, TimeProvider.System.GetUtcNow())).ConfigureAwait(false);
        var first = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(2);
        var deadlines = Enumerable.Range(0, count).ToDictionary(i => $"notify:{i}", i => first + (Spread * ((double)i / count)));
        await Task.WhenAll(deadlines.Select(one => (Task)database.StringSetAsync(one.Key, "x", one.Value.UtcDateTime - TimeProvider.System.GetUtcNow()))).ConfigureAwait(false);
        var over = first + Spread + Patience;
        while (told.Count < count && TimeProvider.System.GetUtcNow() < over)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System).ConfigureAwait(false);
        }

        return Of([.. deadlines.Select(one => ((told.TryGetValue(one.Key, out var at) ? at : over) - one.Value).TotalMilliseconds).Order()]);
    }

    private static Sample Of(double[] sorted) => Sample.Of((Metric.P50, sorted[sorted.Length / 2]), (Metric.P99, sorted[(int)(sorted.Length * 0.99)]), ("most", sorted[^1]));
}
