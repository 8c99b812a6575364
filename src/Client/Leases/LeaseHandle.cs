using Coordinator.Client.Sessions;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Client;

/// <summary>A lease that this process holds, for as long as <see cref="Lost"/> is not cancelled. Disposing it releases it.</summary>
/// <remarks>
/// The local deadline is conservative: it counts from before the acknowledged heartbeat was sent, and is earlier than the TTL by the
/// larger of 50 ms and 1 % of it. It is always earlier than the deadline that the store keeps.
/// </remarks>
public sealed class LeaseHandle : IAsyncDisposable
{
    // More than may be on their way again at once: each is acknowledged as it comes.
    private const int RememberedControls = 8;
    private static readonly TimeSpan LeastMargin = TimeSpan.FromMilliseconds(50);
    private readonly WorkerSession _session;
    private readonly SessionRequests _requests;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _cancelRequested = new();
    private readonly Lazy<Task> _released;
    private readonly Queue<string> _controls = new();
    private long _deadlineTicks;
    private int _end;
    private volatile bool _releasing;

    internal LeaseHandle(WorkerSession session, SessionRequests requests, Lease granted)
    {
        (_session, _requests) = (session, requests);
        _released = new(ReleaseOnceAsync);
        Resource = granted.Resource;
        Token = granted.Token;
        Ttl = TimeSpan.FromMilliseconds(granted.TtlMs);
        Lost = _lost.Token;
        CancelRequested = _cancelRequested.Token;
        Events = new(session, this, granted.LastBatchSequence);
    }

    /// <summary>What is leased.</summary>
    public string Resource { get; }

    /// <summary>The fencing token: hand it to whatever the work writes to.</summary>
    public long Token { get; }

    /// <summary>What a renewal grants.</summary>
    public TimeSpan Ttl { get; }

    /// <summary>Resource and token.</summary>
    public LeaseId Id => new(Resource, Token);

    /// <summary>
    /// Cancelled the moment the lease is over, by the coordinator's word or by this process's own clock, whichever is first. Never too late:
    /// no other can have been granted before. The lease does not come back.
    /// </summary>
    public CancellationToken Lost { get; }

    /// <summary>Cancelled when somebody asks this holder to stop. The lease goes on until it is released.</summary>
    public CancellationToken CancelRequested { get; }

    /// <summary>Why the lease is over; <see cref="LeaseEnd.None"/> while it is held.</summary>
    public LeaseEnd End => (LeaseEnd)Volatile.Read(ref _end);

    /// <summary>Ships events to the log of the resource, under this lease.</summary>
    public EventPublisher Events { get; }

    /// <summary>What is left by this process's own clock; zero when the lease is over.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = Deadline - _session.Now;
            return End == LeaseEnd.None && left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    internal TimeSpan Deadline => new(Volatile.Read(ref _deadlineTicks));

    /// <summary>Its end is asked for, and no news.</summary>
    internal bool Releasing => _releasing;

    /// <summary>Throws unless the lease is held for at least this long from now, as far as this process can know.</summary>
    /// <exception cref="LeaseLostException">It is not.</exception>
    public void EnsureHeld(TimeSpan atLeast = default)
    {
        if (Remaining <= atLeast)
        {
            throw Exception();
        }
    }

    /// <summary>Ships the events that wait, gives the lease back and waits until that is acknowledged or the lease is over.</summary>
    /// <param name="cancellation">Ends the wait. The release goes on, and another call waits for the same one.</param>
    /// <exception cref="CoordinatorException">
    /// Not all of the events could be stored, for which the lease is not kept; or OUTCOME_UNKNOWN: no coordinator answered before the lease was
    /// over here, and others get it when its TTL has run out, if not before.
    /// </exception>
    public async Task ReleaseAsync(CancellationToken cancellation = default)
    {
        if (End == LeaseEnd.None || _released.IsValueCreated)
        {
            await _released.Value.WaitAsync(cancellation).ConfigureAwait(false);
        }

        if (End == LeaseEnd.OutcomeUnknown)
        {
            throw new CoordinatorException(
                StatusCode.Unavailable, "OUTCOME_UNKNOWN", $"Whether the lease of {Resource} (token {Token}) was given back is not known: no coordinator answered.");
        }
    }

    /// <summary>Releases the lease as <see cref="ReleaseAsync"/> does, except that an unknown outcome is told by <see cref="End"/> alone.</summary>
    /// <exception cref="CoordinatorException">Not all of the events could be stored.</exception>
    public ValueTask DisposeAsync() =>
        // Where it was released before, that call has told how it went.
        End == LeaseEnd.None ? new(_released.Value) : ValueTask.CompletedTask;

    /// <summary>Extends the local deadline: <paramref name="sentAt"/> is from before the message that was acknowledged was sent.</summary>
    internal void Renewed(TimeSpan sentAt)
    {
        var margin = Ttl / 100 > LeastMargin ? Ttl / 100 : LeastMargin;
        var deadline = (sentAt + Ttl - margin).Ticks;
        long old;
        while ((old = Volatile.Read(ref _deadlineTicks)) < deadline && Interlocked.CompareExchange(ref _deadlineTicks, deadline, old) != old)
        {
        }
    }

    /// <summary>Ends the lease here, once; true for the call that did.</summary>
    internal bool Finish(LeaseEnd end, long lastBatchSequence)
    {
        if (Interlocked.CompareExchange(ref _end, (int)end, 0) != 0)
        {
            return false;
        }

        Events.Fail(Exception(lastBatchSequence));
        // Elsewhere: what is registered is the user's code, and must not hold up the clock.
        Callbacks.Run(_lost);
        return true;
    }

    internal void RequestCancel() => Callbacks.Run(_cancelRequested);

    /// <summary>True where the control comes for the first time, as far back as is remembered. Only the stream's reader asks.</summary>
    internal bool IsNews(string controlId)
    {
        if (_controls.Contains(controlId))
        {
            return false;
        }

        if (_controls.Count == RememberedControls)
        {
            _controls.Dequeue();
        }

        _controls.Enqueue(controlId);
        return true;
    }

    private async Task ReleaseOnceAsync()
    {
        CoordinatorException? unstored = null;
        try
        {
            await Events.CompleteAsync().ConfigureAwait(false);
        }
        catch (LeaseLostException)
        {
            // Over before the last events were stored, as their publisher has been told: nothing is left to give back.
            return;
        }
        catch (CoordinatorException refused)
        {
            // No more of them will be stored however long the lease is held: others need not wait for it to run out.
            unstored = refused;
        }

        _releasing = true;
        await _requests.ReleaseAsync(this).ConfigureAwait(false);
        if (unstored is not null)
        {
            throw unstored;
        }
    }

    internal LeaseLostException Exception(long lastBatchSequence = 0) =>
        new(Resource, Token, End == LeaseEnd.None ? LeaseEnd.Expired : End, lastBatchSequence);
}
