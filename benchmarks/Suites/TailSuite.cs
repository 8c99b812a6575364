using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Servers;
using Benchmarks.Subjects;
using Coordinator.Testing;
using Coordinator.V1;

namespace Benchmarks.Suites;

/// <summary>What being watched costs a worker: its acks without a tail, and with a hundred of which ten do not read.</summary>
internal sealed class TailSuite : ISuite
{
    private const int StalledOf = 10;
    private const int MoreRounds = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public string Name => "tails";

    public async IAsyncEnumerable<Row> RunAsync(Bench bench)
    {
        var tails = bench.Timing.Count(100, 20);
        bench.Say($"a worker with {tails} tails, {tails / StalledOf} of which are not read");
        var coordinator = await bench.Fleet.CoordinatorAsync().ConfigureAwait(false);
        using var channels = new Channels(coordinator, 1);
        await using var quiet = new Producer(await WorkerStream.OpenAsync(channels.Next(), "quiet", 1, script: "quiet").ConfigureAwait(false), "quiet");
        await using var watched = new Producer(await WorkerStream.OpenAsync(channels.Next(), "watched", 1, script: "watched").ConfigureAwait(false), "watched");
        var client = new Tails.TailsClient(channels.Next());
        var capabilities = new List<string>();
        for (var i = 0; i < tails; i++)
        {
            var tail = await client.StartAsync(new() { AccountId = Fleet.Tenant, ScriptName = "watched", Origin = "ws://localhost" }, Channels.Headers).ConfigureAwait(false);
            capabilities.Add(tail.Url[(tail.Url.LastIndexOf('/') + 1)..]);
        }

        // In a process of their own, as those who watch a worker are; and they watch from elsewhere, so here they get what is left of the processors.
        await using var reading = ProgramProcess.Run("chrt",
            ["--idle", "0", "dotnet", Environment.GetCommandLineArgs()[0], "read-tails", "--address", coordinator.Address.ToString(), "--stalled", $"{tails / StalledOf}", .. capabilities]);
        await reading.LineAsync(line => line == TailReaders.Attached, Patience, "all readers are attached").ConfigureAwait(false);
        foreach (var producer in new[] { watched, quiet })
        {
            await producer.WarmUpAsync(bench.Timing.Count(5_000, 10)).ConfigureAwait(false);
        }

        // One round differs from the next by a third and the target is a twentieth.
        var often = bench with { Timing = bench.Timing with { Rounds = bench.Timing.Count(bench.Timing.Rounds * MoreRounds, 1) } };
        foreach (var row in await Contest.RunAsync(often, [new("watched", watched.MeasureAsync), new("quiet", quiet.MeasureAsync)],
            new Line($"acks of a worker with {tails} tails, {tails / StalledOf} stalled, p99", Metric.P99, "ms", "watched", null, "quiet", "within 5 % of none", row => row.ToLimit!.Median <= 1.05)).ConfigureAwait(false))
        {
            yield return row;
        }

        await reading.LineAsync(line => line == TailReaders.Seen, Patience, "every tail that is read has been shown something").ConfigureAwait(false);
    }
}
