using Coordinator.Records;

namespace Coordinator.Tails;

/// <summary>A tail as it is judged: its filters compiled once.</summary>
/// <param name="Script">Null for every script of the account.</param>
/// <param name="Asks">The same for tails that want the same.</param>
internal sealed record ActiveTail(string Name, string? Script, string Asks, TailFilters? Filters, LiveFilters? Live)
{
    /// <summary>The share of events that it takes, from 0 to 1.</summary>
    public double SamplingRate => Filters?.SamplingRate ?? 1;

    public static ActiveTail Of(Record tail)
    {
        var (script, filters) = (tail.Text(TailFields.Script), tail.Text(TailFields.Filters));
        var live = TailDesk.IsLive(tail);
        var context = tail.Text(live ? TailFields.Combination : TailFields.ClientIp);
        var asks = $"{live}\n{(string.IsNullOrEmpty(filters) ? "" : context)}\n{filters}";
        // They were compiled when the tail was made: what the store gives back compiles again.
        return live
            ? new(tail.Resource.Name, script, asks, null, TailDesk.CompileLive(filters, context).Value!)
            : new(tail.Resource.Name, script, asks, TailDesk.Compile(filters, context).Value!, null);
    }

    public bool Follows(string script) => Script is null || Script == script;
}
