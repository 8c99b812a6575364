using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Servers;
using Benchmarks.Suites;
using System.Globalization;

namespace Benchmarks;

/// <summary>One run: the suites in their order, then the table.</summary>
internal static class Run
{
    public static IReadOnlyList<ISuite> Suites { get; } =
    [
        new HeartbeatSuite(), new FrameSuite(), new EventSuite(), new RestSuite(), new TailSuite(), new TimingSuite(), new ExpirySuite(), new PushSuite(), new IdleSuite(), new GrowthSuite(),
    ];

    public static async Task<int> AllAsync(Timing timing, string[] only, string? before, string output, CancellationToken cancellation)
    {
        var (load, rows, failed) = (LoadAverage(), new List<Row>(), new List<string>());
        await using (var fleet = new Fleet(before))
        {
            var bench = new Bench(fleet, timing, Console.Error.WriteLine);
            foreach (var suite in Suites.Where(suite => only.Length == 0 || only.Contains(suite.Name)))
            {
                cancellation.ThrowIfCancellationRequested();
                try
                {
                    await foreach (var row in suite.RunAsync(bench).ConfigureAwait(false))
                    {
                        cancellation.ThrowIfCancellationRequested();
                        rows.Add(row);
                    }
                }
                catch (Exception failure) when (!cancellation.IsCancellationRequested)
                {
                    // What the others have measured, for many minutes, is shown all the same.
                    failed.Add(suite.Name);
                    Console.Error.WriteLine($"The suite {suite.Name} failed: {failure}");
                }
            }
        }

        var results = new Outcome(Machine(), Environment.ProcessorCount, load, LoadAverage(), timing.Rounds, timing.Window.TotalSeconds, rows);
        Reporter.Show(results, Console.Out);
        await Reporter.WriteAsync(results, output).ConfigureAwait(false);
        if (failed.Count > 0)
        {
            Console.Error.WriteLine($"Without a result: {string.Join(", ", failed)}");
        }

        return failed.Count > 0 ? 1 : 0;
    }

    private static double LoadAverage() => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);

    private static string Machine() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown processor";
}
