using Coordinator.Leases;
using Coordinator.Services;
using Coordinator.V1;
using Grpc.Core;
using System.Diagnostics.CodeAnalysis;

namespace Coordinator.Sessions;

/// <summary>
/// The heartbeats of one session: renewed together with those of all others, acknowledged in their own order although the
/// calls to the store finish in any.
/// </summary>
internal sealed class Heartbeats(WorkerSession session, SessionParts parts, HeldLeases held, Outbox outbox, Controls controls)
{
    private const double LeastJitter = 0.8;
    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Queue<Beat> _beats = new();
    private readonly TaskCompletionSource _acknowledged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _acknowledging;
    private bool _complete;
    private long _last;
    private int _unacked;
    private bool _jeopardy;

    /// <summary>When a heartbeat is due for leases with this TTL: a third of it, a little less by chance, so that fleets spread.</summary>
    public static TimeSpan Interval(TimeSpan ttl)
    {
        var third = ttl / 3 < LongestInterval ? ttl / 3 : LongestInterval;
        return third * (LeastJitter + (Random.Shared.NextDouble() * (1 - LeastJitter)));
    }

    /// <summary>Takes a heartbeat in; one that breaks the rules of the stream ends it.</summary>
    public void Add(Heartbeat heartbeat)
    {
        if (heartbeat.Sequence <= _last)
        {
            throw StatusTable.ToException(Refusal.Invalid("heartbeat.sequence", $"must be greater than {_last}, not {heartbeat.Sequence}"));
        }

        if (heartbeat.Leases.Count > LeaseBounds.MaxRenewalsPerRequest)
        {
            throw StatusTable.ToException(Refusal.Invalid(
                "heartbeat.leases", $"must be at most {LeaseBounds.MaxRenewalsPerRequest}, not {heartbeat.Leases.Count}"));
        }

        if (Interlocked.Increment(ref _unacked) > parts.Options.UnackedHeartbeats)
        {
            throw StatusTable.Fail(StatusCode.ResourceExhausted, "TOO_MANY_HEARTBEATS",
                $"More than {parts.Options.UnackedHeartbeats} heartbeats wait for their ack.");
        }

        _last = heartbeat.Sequence;
        var renewals = heartbeat.All ? held.Renewals(session.Connection) : [.. heartbeat.Leases.Select(Named)];
        var beat = new Beat(heartbeat.Sequence, renewals, AcknowledgeFinished);
        lock (_gate)
        {
            _beats.Enqueue(beat);
        }

        parts.Gatherer.Add(beat);
    }

    /// <summary>No more will come; the task ends when all are acknowledged.</summary>
    public Task CompleteAsync()
    {
        lock (_gate)
        {
            _complete = true;
        }

        AcknowledgeFinished();
        return _acknowledged.Task;
    }

    // Whoever finishes a beat acknowledges it, and all behind it that wait for nothing else: there is no thread to hand over to.
    private void AcknowledgeFinished()
    {
        lock (_gate)
        {
            if (_acknowledging)
            {
                return;
            }

            _acknowledging = true;
        }

        while (TryTake(out var beat))
        {
            Acknowledge(beat);
        }
    }

    private bool TryTake([NotNullWhen(true)] out Beat? beat)
    {
        lock (_gate)
        {
            if (_beats.TryPeek(out beat) && beat.IsFinished)
            {
                _beats.Dequeue();
                return true;
            }

            _acknowledging = false;
            if (_complete && _beats.Count == 0)
            {
                _acknowledged.TrySetResult();
            }

            return false;
        }
    }

    private void Acknowledge(Beat beat)
    {
        try
        {
            switch (beat.Failure)
            {
                case null:
                    Acknowledge(beat.Sequence, beat.Renewals, beat.Results);
                    _jeopardy = false;
                    break;
                case StoreException away:
                    // No ack: nothing is known to be renewed. The next heartbeat may find the store again.
                    TellJeopardy(away.Message);
                    break;
                case var fault:
                    session.Break(fault);
                    break;
            }
        }
        catch (Exception fault)
        {
            // On this thread others' beats are finished as well: one session's mistake must not be theirs.
            session.Break(fault);
        }

        Interlocked.Decrement(ref _unacked);
    }

    private void TellJeopardy(string reason)
    {
        if (!_jeopardy)
        {
            Log.RenewalsFail(parts.Log, reason);
            outbox.Send(new() { Control = new() { Id = Guid.NewGuid().ToString("N"), Kind = Control.Types.Kind.Jeopardy, Reason = reason } });
        }

        _jeopardy = true;
    }

    // What is held has been judged when it was granted; anything else may be, and is refused by the store.
    private Renewal Named(LeaseRef lease)
    {
        if (held.FindRenewal(lease.Resource, lease.Token, session.Connection) is { } known)
        {
            return known;
        }

        if ((LeaseRules.Resource(lease.Resource, "heartbeat.leases.resource") ?? LeaseRules.Token(lease.Token, "heartbeat.leases.token")) is { } refusal)
        {
            throw StatusTable.ToException(refusal);
        }

        return new(ResourceKey.Of(session.Tenant, lease.Resource), lease.Token, session.Connection);
    }

    private void Acknowledge(long sequence, Renewal[] renewals, RenewalResult[] results)
    {
        var ack = new HeartbeatAck { Sequence = sequence };
        var shortest = TimeSpan.MaxValue;
        for (var i = 0; i < results.Length; i++)
        {
            var (name, token) = (renewals[i].Resource.Name, renewals[i].Token);
            if (results[i].Lost is { } lost)
            {
                if (held.Find(name, token) is not { Releasing: true })
                {
                    held.Remove(name, token);
                    ack.Refused.Add(lost.ToWire(name, token));
                }

                continue;
            }

            ack.Renewed++;
            shortest = results[i].Ttl < shortest ? results[i].Ttl : shortest;
            if (results[i].Control is { } control)
            {
                controls.Send(control, name, token);
            }
        }

        Metrics.Renewed.Add(ack.Renewed);
        ack.GrantedTtlMs = ack.Renewed > 0 ? shortest.Milliseconds() : 0;
        ack.NextHeartbeatInMs = Interval(ack.Renewed > 0 ? shortest : parts.Options.DefaultTtl).Milliseconds();
        controls.Repeat();
        outbox.Send(new() { HeartbeatAck = ack });
    }
}
