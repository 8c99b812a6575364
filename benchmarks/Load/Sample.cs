using System.Diagnostics;

namespace Benchmarks.Load;

/// <summary>What a sample holds beside the processor time of each process, which stands under the process's name.</summary>
internal static class Metric
{
    /// <summary>Operations a second.</summary>
    public const string Rate = "rate";

    /// <summary>Milliseconds from a question to its answer.</summary>
    public const string P50 = "p50";

    public const string P99 = "p99";

    /// <summary>Microseconds of the servers' processors an operation.</summary>
    public const string ServerCpu = "server cpu";
}

/// <summary>One contestant's figures of one round.</summary>
/// <param name="Cpu">Microseconds an operation, by process.</param>
internal sealed record Sample(IReadOnlyDictionary<string, double> Metrics, IReadOnlyDictionary<string, double> Cpu)
{
    /// <param name="latencies">In ticks of the stopwatch; sorted here.</param>
    public static Sample Of(double operations, double seconds, long[] latencies, Dictionary<string, double> cpu)
    {
        if (latencies.Length == 0)
        {
            throw new InvalidOperationException($"No answer came in {seconds:0.0} s.");
        }

        Array.Sort(latencies);
        var metrics = new Dictionary<string, double>
        {
            [Metric.Rate] = operations / seconds,
            [Metric.P50] = Milliseconds(latencies, 0.50),
            [Metric.P99] = Milliseconds(latencies, 0.99),
            [Metric.ServerCpu] = cpu[Metric.ServerCpu],
        };
        cpu.Remove(Metric.ServerCpu);
        return new(metrics, cpu);
    }

    /// <summary>Figures that are no load's.</summary>
    public static Sample Of(params (string Metric, double Value)[] metrics) =>
        new(metrics.ToDictionary(one => one.Metric, one => one.Value), new Dictionary<string, double>());

    /// <summary>For whoever watches the rounds go by.</summary>
    public string Brief() => string.Join(" ", Metrics.Select(one => $"{one.Key} {one.Value:#,0.##}"));

    /// <summary>The latency that a share of them does not exceed; they are sorted.</summary>
    public static double Milliseconds(long[] sorted, double share) =>
        Stopwatch.GetElapsedTime(0, sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))]).TotalMilliseconds;
}
