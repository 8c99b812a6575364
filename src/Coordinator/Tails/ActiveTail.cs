using Coordinator.Records;

namespace Coordinator.Tails;

/// <summary>A tail as it is judged: its filters compiled once.</summary>
/// <param name="Script">Null for every script of the account.</param>
internal sealed record ActiveTail(string Name, string? Script, TailFilters? Filters, LiveFilters? Live)
{
    /// <summary>The share of events that it takes, from 0 to 1.</summary>
    public double SamplingRate => Filters?.SamplingRate ?? 1;

    public static ActiveTail Of(Record tail)
    {
        var (script, filters) = (tail.Text(TailFields.Script), tail.Text(TailFields.Filters));
        // They were compiled when the tail was made: what the store gives back compiles again.
        return TailDesk.IsLive(tail)
            ? new(tail.Resource.Name, script, null, TailDesk.CompileLive(filters, tail.Text(TailFields.Combination)).Value!)
            : new(tail.Resource.Name, script, TailDesk.Compile(filters, tail.Text(TailFields.ClientIp)).Value!, null);
    }

    public bool Follows(string script) => Script is null || Script == script;
}
