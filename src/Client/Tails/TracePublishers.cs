using Coordinator.V1;

namespace Coordinator.Client.Tails;

/// <summary>The publishers of a session: one for each of its scripts, and what is read of it by the current coordinator's word.</summary>
internal sealed class TracePublishers : IDisposable
{
    private readonly Dictionary<string, (TracePublisher Publisher, TraceQueue Queue)> _scripts = new(StringComparer.Ordinal);
    private readonly Action<SessionNotice> _tell;

    public TracePublishers(IEnumerable<string> scripts, TimeProvider time, Action<ITraceSource> offer, Action<SessionNotice> tell)
    {
        _tell = tell;
        foreach (var script in scripts.Distinct(StringComparer.Ordinal))
        {
            var queue = new TraceQueue(script, time, offer);
            _scripts.Add(script, (new(script, time, queue), queue));
        }
    }

    public TracePublisher Of(string script) => _scripts.TryGetValue(script, out var known)
        ? known.Publisher
        : throw new ArgumentException($"'{script}' is not one of the worker's scripts: name it in WorkerOptions.Scripts.", nameof(script));

    /// <summary>Takes in what a control says; it may say so more than once.</summary>
    public void On(Control control)
    {
        if (control.Demand is not { } demand || !_scripts.TryGetValue(demand.Script, out var known))
        {
            return;
        }

        var started = control.Kind == Control.Types.Kind.TailStarted;
        var turned = started != known.Publisher.IsTailed;
        known.Publisher.Demand(started ? demand : null);
        if (turned)
        {
            _tell(new(started ? SessionNoticeKind.TailStarted : SessionNoticeKind.TailStopped, demand.Script));
        }
    }

    /// <summary>The stream is over: the next coordinator tells anew what is read.</summary>
    public void Reset()
    {
        foreach (var (publisher, _) in _scripts.Values)
        {
            publisher.Demand(null);
        }
    }

    public void Dispose()
    {
        Reset();
        foreach (var (_, queue) in _scripts.Values)
        {
            queue.Dispose();
        }
    }
}
