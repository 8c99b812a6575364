using Benchmarks.Load;
using Benchmarks.Servers;

namespace Benchmarks;

/// <summary>What every suite is given: the servers, how long to measure, and where to say how far it is.</summary>
internal sealed record Bench(Fleet Fleet, Timing Timing, Action<string> Say);

/// <summary>A group of workloads.</summary>
internal interface ISuite
{
    /// <summary>What it is asked for by: one word.</summary>
    string Name { get; }

    /// <summary>Its lines of the table, as they are measured.</summary>
    IAsyncEnumerable<Report.Row> RunAsync(Bench bench);
}
