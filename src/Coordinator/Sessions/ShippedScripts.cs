using Coordinator.Leases;
using Coordinator.Services;
using Coordinator.Tails;
using Coordinator.V1;

namespace Coordinator.Sessions;

/// <summary>The scripts that a worker ships: it is told what is read of them, and what it emits goes to their tails.</summary>
internal sealed class ShippedScripts(WorkerSession session, SessionParts parts, IReadOnlyCollection<string> scripts, Controls controls, Action<Refusal> refuse)
{
    private const int MaxEvents = 1_000;
    private const int MaxBytes = 1 << 20;

    private readonly TraceLane _lane = new(session, parts.Traces, parts.Time, refuse);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Following> _following = [];
    private readonly Dictionary<string, string> _told = [];

    /// <summary>The account has these scripts from now on.</summary>
    public async ValueTask RegisterAsync(CancellationToken cancellation)
    {
        foreach (var script in scripts)
        {
            await parts.Scripts.RegisterAsync(session.Tenant, script, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Tells the worker what is read, now and whenever it changes.</summary>
    public void Follow()
    {
        foreach (var script in scripts)
        {
            _following[script] = parts.Tails.Follow(session.Tenant, script, Tell);
        }
    }

    /// <summary>Passes on what a worker emitted. What is wrong with it is refused, maybe later.</summary>
    public void Take(Traces traces)
    {
        var bytes = traces.Events.Sum(e => (long)e.Length);
        if (!_following.TryGetValue(traces.Script, out var followed))
        {
            refuse(Refusal.Invalid("traces.script", "must be one of the hello's scripts"));
        }
        else if (traces.Events.Count > MaxEvents || bytes > MaxBytes)
        {
            refuse(Refusal.Invalid("traces.events", $"must be at most {MaxEvents} events and {MaxBytes} bytes"));
        }
        else if (!followed.Audience.IsEmpty)
        {
            _lane.Add(new(followed, [.. traces.Events.Select(e => e.Memory)], bytes));
        }
    }

    public void Leave()
    {
        _lane.Complete();
        foreach (var (_, following) in _following)
        {
            following.Dispose();
        }
    }

    // What was told before and not acknowledged is no longer so.
    private void Tell(Demand demand)
    {
        var control = new Control
        {
            Id = Guid.NewGuid().ToString("N"),
            Kind = demand.Tails > 0 ? Control.Types.Kind.TailStarted : Control.Types.Kind.TailStopped,
            Demand = new() { Script = demand.Script, Tails = demand.Tails, SamplingRate = demand.SamplingRate },
        };
        lock (_gate)
        {
            if (_told.TryGetValue(demand.Script, out var before))
            {
                controls.Acknowledge(before);
            }

            _told[demand.Script] = control.Id;
            controls.Send(control);
        }
    }
}
