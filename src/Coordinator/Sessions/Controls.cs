using Coordinator.V1;
using System.Collections.Concurrent;

namespace Coordinator.Sessions;

/// <summary>Controls that the worker has not acknowledged; repeated with every heartbeat ack.</summary>
internal sealed class Controls(Outbox outbox)
{
    // A worker that lost more at once learns of the rest by the refusals of its next heartbeat.
    private const int MostRepeated = 1_024;
    private readonly ConcurrentDictionary<string, Control> _unacknowledged = new();

    /// <summary>Sends a control, once; a second one with the same id is left to the repeats.</summary>
    public void Send(Control control)
    {
        if (_unacknowledged.Count >= MostRepeated || _unacknowledged.TryAdd(control.Id, control))
        {
            outbox.Send(new() { Control = control });
        }
    }

    /// <summary>The control, for the first acknowledgement of it.</summary>
    public Control? Acknowledge(string id) => _unacknowledged.TryRemove(id, out var control) ? control : null;

    public void Repeat()
    {
        foreach (var (_, control) in _unacknowledged)
        {
            outbox.Send(new() { Control = control });
        }
    }
}
