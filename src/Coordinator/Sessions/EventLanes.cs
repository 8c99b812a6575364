using Coordinator.Leases;
using Coordinator.Services;
using Coordinator.V1;
using EventBatch = Coordinator.V1.EventBatch;

namespace Coordinator.Sessions;

/// <summary>
/// The event batches of one session: in order for each lease and one at a time, so that a call that is sent again cannot be
/// overtaken by the next; leases side by side.
/// </summary>
internal sealed class EventLanes(WorkerSession session, SessionParts parts, Outbox outbox)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Resource, long Token), Queue<EventBatch>> _lanes = [];
    private int _unacked;

    public void Add(EventBatch batch)
    {
        lock (_gate)
        {
            if (_unacked >= parts.Options.UnackedBatches)
            {
                Refuse(batch, StatusTable.ToStatus(new Refusal(
                    RefusalKind.LimitExceeded, $"{parts.Options.UnackedBatches} batches wait for their ack already; send this one again after an ack")));
                return;
            }

            _unacked++;
            if (_lanes.TryGetValue((batch.Resource, batch.Token), out var lane))
            {
                lane.Enqueue(batch);
                return;
            }

            _lanes[(batch.Resource, batch.Token)] = new([batch]);
        }

        session.Track(RunAsync((batch.Resource, batch.Token)));
    }

    private async Task RunAsync((string Resource, long Token) key)
    {
        while (true)
        {
            EventBatch batch;
            lock (_gate)
            {
                if (!_lanes[key].TryPeek(out batch!))
                {
                    _lanes.Remove(key);
                    return;
                }
            }

            await AppendAsync(batch).ConfigureAwait(false);
            lock (_gate)
            {
                _lanes[key].Dequeue();
                _unacked--;
            }
        }
    }

    private async Task AppendAsync(EventBatch batch)
    {
        try
        {
            var outcome = await parts.Lessor.AppendAsync(
                session.Tenant, batch.Resource, batch.Token, session.Connection, batch.BatchSequence, batch.Events.ToEntries(), CancellationToken.None)
                .ConfigureAwait(false);
            if (outcome.Try(out var step, out var refusal))
            {
                Metrics.Appended.Add(step.LastSequence > 0 ? batch.Events.Count : 0);
                outbox.Send(new() { EventAck = new() { Resource = batch.Resource, Token = batch.Token, AckedSequence = step.AckedSequence } });
            }
            else
            {
                Refuse(batch, StatusTable.ToStatus(refusal));
            }
        }
        catch (StoreException away)
        {
            Refuse(batch, StatusTable.ToStatus(away));
        }
    }

    private void Refuse(EventBatch batch, Google.Rpc.Status status) => outbox.Send(new()
    {
        Refused = new()
        {
            Batch = new() { Resource = batch.Resource, Token = batch.Token, BatchSequence = batch.BatchSequence },
            Status = status,
        },
    });
}
