using Coordinator.Client.Tails;
using Coordinator.V1;

namespace Coordinator.Client.Sessions;

/// <summary>What the coordinator tells or asks of its own accord: passed on, then acknowledged, until when it would be repeated.</summary>
internal sealed class Controls(HeldLeases held, TracePublishers traces, Action<SessionNotice> tell)
{
    public void On(SessionStream stream, Control control)
    {
        switch (control.Kind)
        {
            case Control.Types.Kind.Lost:
                held.Lose(control.Lost);
                break;
            case Control.Types.Kind.Cancel:
                Ask(SessionNoticeKind.Cancel, control);
                break;
            case Control.Types.Kind.Pause:
                Ask(SessionNoticeKind.Pause, control);
                break;
            case Control.Types.Kind.Resume:
                Ask(SessionNoticeKind.Resume, control);
                break;
            case Control.Types.Kind.Drain:
                tell(new(SessionNoticeKind.Drain, control.Reason));
                break;
            case Control.Types.Kind.Jeopardy:
                tell(new(SessionNoticeKind.Jeopardy, control.Reason));
                break;
            case Control.Types.Kind.TailStarted or Control.Types.Kind.TailStopped:
                traces.On(control);
                break;
            default:
                break;
        }

        stream.Send(new() { ControlAck = new() { Id = control.Id } });
        if (control.Kind == Control.Types.Kind.Drain)
        {
            stream.Leave("the coordinator drains");
        }
    }

    /// <summary>Resumed leases bring along what was asked.</summary>
    public void OnResumed(SessionStream stream, IEnumerable<ResumedLease> resumed)
    {
        foreach (var lease in resumed)
        {
            if (lease.Control is { } control)
            {
                Ask(KindOf(control.Kind), new(lease.Resource, lease.Token), control.Id, control.Reason);
                stream.Send(new() { ControlAck = new() { Id = control.Id } });
            }
        }
    }

    private void Ask(SessionNoticeKind kind, Control control) =>
        Ask(kind, new(control.Lease.Resource, control.Lease.Token), control.Id, control.Reason);

    private void Ask(SessionNoticeKind kind, LeaseId id, string controlId, string reason)
    {
        // A repeat may be on its way while its ack is, or the ack may be lost with its stream: it is acknowledged again, and not told again.
        if (held.Find(id) is not { } lease || !lease.IsNews(controlId))
        {
            return;
        }

        if (kind == SessionNoticeKind.Cancel)
        {
            lease.RequestCancel();
        }

        tell(new(kind, reason, id));
    }

    private static SessionNoticeKind KindOf(string control) => control switch
    {
        "pause" => SessionNoticeKind.Pause,
        "resume" => SessionNoticeKind.Resume,
        _ => SessionNoticeKind.Cancel,
    };
}
