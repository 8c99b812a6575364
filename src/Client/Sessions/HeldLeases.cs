using Coordinator.Client.Connection;
using Coordinator.V1;
using System.Collections.Concurrent;

namespace Coordinator.Client.Sessions;

/// <summary>What one session holds: each lease until it is given back, lost by the coordinator's word or past its local deadline.</summary>
/// <remarks>Several may find a lease over at once, on any thread: the one that takes it out of here ends it and tells.</remarks>
internal sealed class HeldLeases(Action<SessionNotice> tell)
{
    private readonly ConcurrentDictionary<LeaseId, LeaseHandle> _byId = new();

    /// <summary>As of this moment: what comes and goes later does not change it.</summary>
    public LeaseHandle[] All => [.. _byId.Values];

    public LeaseHandle? Find(LeaseId id) => _byId.GetValueOrDefault(id);

    public void Add(LeaseHandle lease) => _byId[lease.Id] = lease;

    /// <summary>The coordinator has taken it back, as it was asked to: no news.</summary>
    public void GiveBack(LeaseId id)
    {
        if (_byId.TryRemove(id, out var lease))
        {
            lease.Finish(LeaseEnd.Released, 0);
        }
    }

    /// <summary>A coordinator took these over with a hello that was sent at this time: it renewed them by that.</summary>
    public void OnResumed(IEnumerable<ResumedLease> resumed, TimeSpan sentAt)
    {
        foreach (var lease in resumed)
        {
            Find(new(lease.Resource, lease.Token))?.Renewed(sentAt);
        }
    }

    public void Lose(IEnumerable<LostLease> lost)
    {
        foreach (var lease in lost)
        {
            Lose(lease);
        }
    }

    public void Lose(LostLease lost) =>
        Lose(new(lost.Resource, lost.Token), LeaseEnds.Of(lost.Reason), lost.LastBatchSequence, "told by the coordinator");

    /// <summary>Something was refused because the lease is over.</summary>
    public void Lose(LeaseId id, Failure failure)
    {
        _ = Enum.TryParse<EndReason>(failure.Metadata.GetValueOrDefault("reason"), ignoreCase: true, out var reason);
        Lose(id, LeaseEnds.Of(reason), failure.Number("last_batch_sequence"), failure.Message);
    }

    public void LoseAll()
    {
        foreach (var (_, lease) in _byId)
        {
            GiveUp(lease, LeaseEnd.SessionEnded, "the session is over");
        }
    }

    /// <summary>Ends what is past its local deadline; gives the time until the next is, and the shortest TTL among the rest and the default.</summary>
    public (TimeSpan Next, TimeSpan ShortestTtl) LoseOverdue(TimeSpan now, TimeSpan defaultTtl)
    {
        var (next, shortest) = (TimeSpan.MaxValue, defaultTtl);
        foreach (var (_, lease) in _byId)
        {
            if (lease.Deadline <= now)
            {
                GiveUp(lease, LeaseEnd.Expired, "its local deadline passed without a renewal");
                continue;
            }

            next = lease.Deadline - now < next ? lease.Deadline - now : next;
            shortest = lease.Ttl < shortest ? lease.Ttl : shortest;
        }

        return (next, shortest);
    }

    // Without the coordinator's word: whether it was given back, where that was asked for, is not known.
    private void GiveUp(LeaseHandle lease, LeaseEnd end, string message) => Lose(lease.Id, lease.Releasing ? LeaseEnd.OutcomeUnknown : end, 0, message);

    private void Lose(LeaseId id, LeaseEnd end, long lastBatchSequence, string message)
    {
        if (_byId.TryRemove(id, out var lease) && lease.Finish(end, lastBatchSequence) && !lease.Releasing)
        {
            tell(new(SessionNoticeKind.Lost, message, id, end));
        }
    }
}
