namespace Benchmarks.Report;

/// <summary>One line of the table: ours, beside what users would pick instead and beside what is possible at all.</summary>
/// <param name="Cpu">Microseconds an operation, which is seconds a million, of each process: by contestant and process.</param>
/// <param name="Target">What was aimed at; empty where the figure is only watched.</param>
/// <param name="Met">Null where there is no target.</param>
internal sealed record Row(
    string Workload, string Unit, Figure Ours, Named? Peer, Named? Limit, Figure? ToPeer, Figure? ToLimit,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Cpu, string Target, bool? Met);

/// <summary>Somebody else's figure.</summary>
internal sealed record Named(string Name, Figure Figure);

/// <summary>All that one run measured, and under what circumstances.</summary>
/// <param name="LoadBefore">The machine's load average over a minute before anything was started: above 0.5 the figures are of a busy machine.</param>
internal sealed record Outcome(string Machine, int Cores, double LoadBefore, double LoadAfter, int Rounds, double WindowSeconds, IReadOnlyList<Row> Rows);
