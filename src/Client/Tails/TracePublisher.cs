using Coordinator.Client.Tails;
using Coordinator.V1;

namespace Coordinator.Client;

/// <summary>
/// Ships what a script emits to those that tail it. Made by <see cref="WorkerSession.Traces"/>; thread-safe. Nothing is made while nobody
/// tails, nothing waits, and nothing is kept: where events come faster than they can be written, or the connection breaks, the oldest are
/// dropped and counted.
/// </summary>
/// <remarks>
/// At most 1,000 events or 1 MiB wait, for 50 ms at most, to share a frame. Heartbeats and event batches go first: they wait for
/// one frame of traces at most, which is of 256 KiB, or of one event that is larger.
/// </remarks>
public sealed class TracePublisher
{
    private readonly TimeProvider _time;
    private readonly TraceQueue _queue;
    private volatile TailDemand? _demand;

    internal TracePublisher(string script, TimeProvider time, TraceQueue queue) => (Script, _time, _queue) = (script, time, queue);

    /// <summary>The script whose events are shipped.</summary>
    public string Script { get; }

    /// <summary>Somebody tails the script. Costs next to nothing: ask before anything is made for an event.</summary>
    public bool IsTailed => _demand is not null;

    /// <summary>How many tails follow the script; 0 for none.</summary>
    public int Tails => _demand?.Tails ?? 0;

    /// <summary>
    /// The largest share of the events that any tail takes, from 0 to 1; 0 where nobody tails. For callers to whom events are dear: all
    /// that is published is shipped, and the coordinator samples.
    /// </summary>
    public double SamplingRate => _demand?.SamplingRate ?? 0;

    /// <summary>How many events were taken in and then dropped, since the session began.</summary>
    public long Dropped => _queue.Dropped;

    internal DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Takes an event in. Never waits. An event of more than 1 MiB is dropped.</summary>
    /// <returns>False where nobody tails, and nothing was done.</returns>
    public bool Publish(TraceEvent trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        if (!IsTailed)
        {
            return false;
        }

        _queue.Add(TraceJson.Write(Script, trace, Now));
        return true;
    }

    /// <summary>Takes an event in that is made only where somebody tails. Never waits.</summary>
    /// <returns>False where nobody tails, and nothing was made.</returns>
    public bool Publish(Func<TraceEvent> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        return IsTailed && Publish(make());
    }

    /// <summary>What is read, as told; null for nothing, which also drops what waits.</summary>
    internal void Demand(TailDemand? demand)
    {
        _demand = demand;
        if (demand is null)
        {
            _queue.Close();
        }
        else
        {
            _queue.Open();
        }
    }
}
