using Coordinator.Client.Connection;
using Coordinator.V1;

namespace Coordinator.Client.Sessions;

/// <summary>What the coordinator answers to the event batches of a session, brought to the publisher of their lease.</summary>
internal sealed class EventAnswers(HeldLeases held, Action<SessionNotice> tell)
{
    public void OnAck(EventAck ack) => held.Find(new(ack.Resource, ack.Token))?.Events.Acked(ack.AckedSequence);

    /// <summary>Another stream took these leases over: what it does not have yet is sent on that one.</summary>
    public void OnResumed(IEnumerable<ResumedLease> resumed)
    {
        foreach (var lease in resumed)
        {
            held.Find(new(lease.Resource, lease.Token))?.Events.Resumed(lease.LastBatchSequence);
        }
    }

    public void OnRefused(LeaseId id, Failure failure)
    {
        if (held.Find(id) is not { } lease)
        {
            return;
        }

        if (failure.Reason is "LEASE_LOST" or "LEASE_NOT_FOUND")
        {
            held.Lose(id, failure);
        }
        else if (failure.Passing || failure.Reason == "SEQUENCE_GAP")
        {
            lease.Events.Refused();
        }
        else
        {
            lease.Events.Fail(CoordinatorException.From(failure));
            tell(new(SessionNoticeKind.Refused, failure.Message, id));
        }
    }
}
