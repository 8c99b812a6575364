using Coordinator.Client.Connection;
using Coordinator.V1;
using System.Collections.Concurrent;

namespace Coordinator.Client.Sessions;

/// <summary>What a worker asks for on its session: acquires, adoptions and releases, each sent again over every break until it is answered.</summary>
internal sealed class SessionRequests(WorkerSession session, HeldLeases held)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, PendingAcquire> _acquires = new();
    private readonly ConcurrentDictionary<string, PendingRelease> _releases = new();
    private CoordinatorException? _refused;

    /// <summary>Asks for a lease and waits for it.</summary>
    /// <param name="pending">What is asked for.</param>
    /// <param name="cancellation">Ends the wait. What is granted all the same is released.</param>
    public async Task<LeaseHandle> AskAsync(PendingAcquire pending, CancellationToken cancellation)
    {
        Enter(pending);
        await using var giveUp = cancellation.Register(() => pending.Granted.TrySetCanceled(cancellation)).ConfigureAwait(false);
        return await pending.Granted.Task.ConfigureAwait(false);
    }

    /// <summary>Gives a lease back; completes when that is answered or the lease is over. Once for a lease.</summary>
    public async Task ReleaseAsync(LeaseHandle lease)
    {
        var pending = new PendingRelease(lease.Id);
        _releases[pending.RequestId] = pending;
        await using var lost = lease.Lost.Register(() => pending.Done.TrySetResult()).ConfigureAwait(false);
        pending.Send(session);
        await pending.Done.Task.ConfigureAwait(false);
        _releases.TryRemove(pending.RequestId, out _);
    }

    /// <summary>The session has another stream: what waits for its answer is sent on that one.</summary>
    public void Resend()
    {
        foreach (var (_, pending) in _acquires)
        {
            pending.Send(session);
        }

        foreach (var (_, pending) in _releases)
        {
            pending.Send(session);
        }
    }

    /// <summary>
    /// The session is over: whoever waits for a lease, now or later, is told so. What is granted all the same while there is a stream is released.
    /// </summary>
    public void Refuse(CoordinatorException refusal)
    {
        lock (_gate)
        {
            _refused ??= refusal;
        }

        foreach (var (_, pending) in _acquires)
        {
            pending.Granted.TrySetException(refusal);
        }
    }

    public void OnGranted(Granted granted)
    {
        if (!_acquires.TryRemove(granted.RequestId, out var pending))
        {
            return;
        }

        // What is adopted again has its handle already, and whoever has that keeps it.
        var known = held.Find(new(granted.Lease.Resource, granted.Lease.Token));
        var lease = known ?? new LeaseHandle(session, this, granted.Lease);
        lease.Renewed(pending.SentAt);
        held.Add(lease);
        if (!pending.Granted.TrySetResult(lease) && known is null)
        {
            // Nobody waits for it any more.
            _ = lease.DisposeAsync().AsTask();
        }
    }

    public void OnReleased(string requestId, LeaseId id)
    {
        held.GiveBack(id);
        _releases.GetValueOrDefault(requestId)?.Done.TrySetResult();
    }

    public void OnRefused(string requestId, Failure failure)
    {
        if (_acquires.TryGetValue(requestId, out var acquire))
        {
            OnRefused(acquire, failure);
        }
        else if (_releases.TryGetValue(requestId, out var release))
        {
            if (failure.Passing)
            {
                _ = LaterAsync(() => release.Send(session));
            }
            else
            {
                // It is over already, one way or another.
                held.Lose(release.Lease, failure);
                release.Done.TrySetResult();
            }
        }
    }

    private void OnRefused(PendingAcquire pending, Failure failure)
    {
        var requestId = pending.RequestId;
        if (pending.Granted.Task.IsCompleted)
        {
            _acquires.TryRemove(requestId, out _);
        }
        else if (failure.Passing)
        {
            pending.Refused();
            _ = LaterAsync(() => pending.Send(session));
        }
        else if (failure.Reason == "LEASE_LOST" && !pending.Adopts)
        {
            // Granted once, and over before the answer came: this is another request. Entered before the first one leaves, so that whoever
            // refuses all that wait finds it.
            pending.Renew();
            Enter(pending);
            _acquires.TryRemove(requestId, out _);
        }
        else
        {
            _acquires.TryRemove(requestId, out _);
            pending.Granted.TrySetException(CoordinatorException.From(failure));
        }
    }

    // A refusal of the session either finds the request entered or is found here, and the request is not entered at all.
    private void Enter(PendingAcquire pending)
    {
        lock (_gate)
        {
            if (_refused is { } refused)
            {
                pending.Granted.TrySetException(refused);
                return;
            }

            _acquires[pending.RequestId] = pending;
        }

        pending.Send(session);
    }

    private async Task LaterAsync(Action again)
    {
        await Task.Delay(Pause, session.Time, session.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!session.Stopping.IsCancellationRequested)
        {
            again();
        }
    }
}
