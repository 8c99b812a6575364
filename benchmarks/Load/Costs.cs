using Benchmarks.Servers;
using System.Diagnostics;

namespace Benchmarks.Load;

/// <summary>The processor time of the servers and of this process, the client, at one instant.</summary>
internal sealed class Costs
{
    private const string Client = "client";
    private readonly Dictionary<string, TimeSpan> _spent = [];

    public static Costs Now(IReadOnlyList<Server> servers)
    {
        var costs = new Costs();
        foreach (var server in servers)
        {
            costs._spent[server.Name] = server.Processor();
        }

        using var own = Process.GetCurrentProcess();
        costs._spent[Client] = own.TotalProcessorTime;
        return costs;
    }

    /// <summary>Microseconds an operation, by process; the sum over the servers as <see cref="Metric.ServerCpu"/>.</summary>
    public Dictionary<string, double> Since(Costs before, double operations)
    {
        var each = _spent.ToDictionary(now => now.Key, now => (now.Value - before._spent[now.Key]).TotalMicroseconds / Math.Max(operations, 1));
        each[Metric.ServerCpu] = each.Where(one => one.Key != Client).Sum(one => one.Value);
        return each;
    }
}
