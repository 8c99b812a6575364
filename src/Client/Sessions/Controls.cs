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

    /// <summary>Resumed leases bring along what was asked. It is not acknowledged: that is for when their next renewal brings it again.</summary>
    public void OnResumed(IEnumerable<ResumedLease> resumed)
    {
        foreach (var lease in resumed)
        {
            if (lease.Control is { } control)
            {
                Ask(KindOf(control.Kind), new(lease.Resource, lease.Token), control.Reason);
            }
        }
    }

    private void Ask(SessionNoticeKind kind, Control control) => Ask(kind, new(control.Lease.Resource, control.Lease.Token), control.Reason);

    private void Ask(SessionNoticeKind kind, LeaseId id, string reason)
    {
        if (held.Find(id) is not { } lease)
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
