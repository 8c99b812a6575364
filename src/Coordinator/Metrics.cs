using System.Diagnostics.Metrics;

namespace Coordinator;

/// <summary>Everything this process measures, under the meter <c>Coordinator</c>.</summary>
internal static class Metrics
{
    private static readonly Meter Meter = new("Coordinator");

    public static Counter<long> Expired { get; } = Meter.CreateCounter<long>("leases.expired", "{lease}", "Leases that this process's sweeps ended");

    public static Counter<long> Renewed { get; } = Meter.CreateCounter<long>("leases.renewed", "{lease}", "Leases renewed over worker streams");

    public static Counter<long> Appended { get; } = Meter.CreateCounter<long>("events.appended", "{event}", "Events stored over worker streams");

    public static Counter<long> Limited { get; } = Meter.CreateCounter<long>("calls.limited", "{call}", "Calls refused because their limit was reached");

    public static UpDownCounter<long> Sessions { get; } = Meter.CreateUpDownCounter<long>("sessions", "{session}", "Worker streams that are open");
}
