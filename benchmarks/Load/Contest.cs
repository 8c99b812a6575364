using Benchmarks.Report;

namespace Benchmarks.Load;

/// <summary>Somebody in a contest, and how one round of theirs is measured.</summary>
internal sealed record Contestant(string Name, Func<Timing, Task<Sample>> MeasureAsync);

/// <summary>A line that a contest gives: one metric of ours beside the same of a peer and of a limit, compared round by round.</summary>
/// <param name="Ours">The names are contestants'.</param>
/// <param name="Target">What was aimed at, in words.</param>
/// <param name="Met">Whether the figures of ours, of ours to the peer and of ours to the limit meet it.</param>
internal sealed record Line(
    string Workload, string Metric, string Unit, string Ours, string? Peer = null, string? Limit = null, string Target = "", Func<Row, bool>? Met = null);

/// <summary>Measures contestants alternately, so that whatever else the machine does meets all of them alike.</summary>
internal static class Contest
{
    public static async Task<IReadOnlyList<Row>> RunAsync(Bench bench, IReadOnlyList<Contestant> contestants, params Line[] lines)
    {
        var samples = contestants.ToDictionary(one => one.Name, _ => new List<Sample>());
        if (bench.Timing.WarmUp > TimeSpan.Zero)
        {
            // Twice in turn: whoever comes first would else find the machine colder than whoever comes last.
            foreach (var one in contestants.Concat(contestants))
            {
                await one.MeasureAsync(bench.Timing.ForWarmUp()).ConfigureAwait(false);
            }
        }

        for (var round = 1; round <= bench.Timing.Rounds; round++)
        {
            foreach (var one in contestants)
            {
                samples[one.Name].Add(await one.MeasureAsync(bench.Timing).ConfigureAwait(false));
            }

            bench.Say($"  round {round} of {bench.Timing.Rounds}: " + string.Join("  ", contestants.Select(one => $"{one.Name} {samples[one.Name][^1].Brief()}")));
        }

        return [.. lines.SelectMany(line => Beside(line, samples))];
    }

    // Where another build takes part, each of our lines is compared with it as well.
    private static IEnumerable<Row> Beside(Line line, Dictionary<string, List<Sample>> samples)
    {
        yield return Row(line, samples);
        if (line.Ours == Entrants.Ours && samples.ContainsKey(Entrants.Before))
        {
            yield return Row(new($"{line.Workload}, before", line.Metric, line.Unit, line.Ours, Entrants.Before), samples);
        }
    }

    private static Row Row(Line line, Dictionary<string, List<Sample>> samples)
    {
        var ours = samples[line.Ours];
        var row = new Row(line.Workload, line.Unit, Of(ours), Named(line.Peer), Named(line.Limit), Ratio(line.Peer), Ratio(line.Limit), Cpu(), line.Target, null);
        return row with { Met = line.Met?.Invoke(row) };

        Figure Of(List<Sample> rounds) => Figure.Of(rounds.Select(sample => sample.Metrics[line.Metric]));

        Named? Named(string? name) => name is null ? null : new(name, Of(samples[name]));

        Figure? Ratio(string? name) => name is null ? null
            : Figure.Of(ours.Zip(samples[name], (own, other) => own.Metrics[line.Metric] / other.Metrics[line.Metric]));

        Dictionary<string, IReadOnlyDictionary<string, double>> Cpu() => new[] { line.Ours, line.Peer, line.Limit }.OfType<string>()
            .Where(name => samples[name][0].Cpu.Count > 0)
            .ToDictionary(name => name, IReadOnlyDictionary<string, double> (name) => samples[name][0].Cpu.Keys
                .ToDictionary(process => process, process => Figure.Of(samples[name].Select(sample => sample.Cpu[process])).Median));
    }
}
