using Coordinator.Leases;
using Coordinator.V1;
using System.Collections.Concurrent;
using LeaseControl = Coordinator.Leases.LeaseControl;

namespace Coordinator.Sessions;

/// <summary>What the worker is told or asked for of this side's own accord: repeated with every heartbeat ack until it acknowledges it.</summary>
internal sealed class Controls(WorkerSession session, SessionParts parts, Outbox outbox)
{
    // A worker that lost more at once learns of the rest by the refusals of its next heartbeat.
    private const int MostRepeated = 1_024;
    private readonly ConcurrentDictionary<string, Control> _unacknowledged = new();

    /// <summary>Sends a control, once; a second one with the same id is left to the repeats.</summary>
    public void Send(Control control)
    {
        if (Remember(control))
        {
            outbox.Send(new() { Control = control });
        }
    }

    /// <summary>Sends what a lease's holder is asked for.</summary>
    public void Send(LeaseControl control, string resource, long token) => Send(ToWire(control, resource, token));

    /// <summary>The welcome tells it, and it is as if it were sent: not again with the next renewal, but with the repeats.</summary>
    public void Told(LeaseControl control, string resource, long token) => Remember(ToWire(control, resource, token));

    /// <summary>Something is asked of a lease's holder, maybe on another coordinator: looks up what and sends it.</summary>
    public void Push(HeldLease held) => session.Track(PushAsync(held));

    /// <summary>The worker has it, or nobody needs it any more: it is not repeated. The first acknowledgement of it counts.</summary>
    public void Acknowledge(string id)
    {
        if (_unacknowledged.TryRemove(id, out var control) && control.Lease is { } lease)
        {
            session.Track(ForgetAsync(lease, id));
        }
    }

    public void Repeat()
    {
        foreach (var (_, control) in _unacknowledged)
        {
            outbox.Send(new() { Control = control });
        }
    }

    // False for what is repeated already. What finds no room is not repeated: it counts as new each time.
    private bool Remember(Control control) => _unacknowledged.Count >= MostRepeated || _unacknowledged.TryAdd(control.Id, control);

    private async Task PushAsync(HeldLease held)
    {
        try
        {
            if (await parts.Lessor.FindControlAsync(held.Resource, held.Token, session.Ended).ConfigureAwait(false) is { } control)
            {
                Send(control, held.Resource.Name, held.Token);
            }
        }
        catch (Exception away) when (away is StoreException or OperationCanceledException)
        {
            // The next renewal brings it.
        }
    }

    private async Task ForgetAsync(LeaseRef lease, string id)
    {
        try
        {
            await parts.Lessor.AcknowledgeAsync(ResourceKey.Of(session.Tenant, lease.Resource), lease.Token, id, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // It stays in the lease and comes back with the next renewal, to be acknowledged again.
        }
    }

    private static Control ToWire(LeaseControl control, string resource, long token) => new()
    {
        Id = control.Id,
        Kind = control.Kind switch
        {
            LeaseControl.Pause => Control.Types.Kind.Pause,
            LeaseControl.Resume => Control.Types.Kind.Resume,
            _ => Control.Types.Kind.Cancel,
        },
        Reason = control.Reason,
        Lease = new() { Resource = resource, Token = token },
    };
}
