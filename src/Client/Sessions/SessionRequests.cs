using Coordinator.Client.Connection;
using Coordinator.V1;
using Grpc.Core;
using System.Collections.Concurrent;

namespace Coordinator.Client.Sessions;

/// <summary>What a worker asks for on its session: acquires, adoptions and releases, each sent again over every break until it is answered.</summary>
internal sealed class SessionRequests(WorkerSession session, HeldLeases held)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<string, PendingAcquire> _acquires = new();
    private readonly ConcurrentDictionary<LeaseId, TaskCompletionSource> _releases = new();
    private CoordinatorException? _refused;

    /// <summary>Asks for a lease and waits for it.</summary>
    /// <param name="pending">What is asked for.</param>
    /// <param name="cancellation">Ends the wait. What is granted all the same is released.</param>
    public async Task<LeaseHandle> AskAsync(PendingAcquire pending, CancellationToken cancellation)
    {
        // Entered first: a refusal of the session either finds it there or is found here.
        _acquires[pending.RequestId] = pending;
        if (_refused is { } refused)
        {
            throw refused;
        }

        Send(pending);
        await using var giveUp = cancellation.Register(() => pending.Granted.TrySetCanceled(cancellation)).ConfigureAwait(false);
        return await pending.Granted.Task.ConfigureAwait(false);
    }

    /// <summary>Gives a lease back; completes when that is acknowledged or the lease is over.</summary>
    public async Task ReleaseAsync(LeaseHandle lease, CancellationToken cancellation)
    {
        var done = _releases.GetOrAdd(lease.Id, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var lost = lease.Lost.Register(() => done.TrySetResult()).ConfigureAwait(false);
        SendRelease(lease.Id);
        await done.Task.WaitAsync(cancellation).ConfigureAwait(false);
        _releases.TryRemove(lease.Id, out _);
    }

    /// <summary>The session has another stream: what waits for its answer is sent on that one.</summary>
    public void Resend()
    {
        foreach (var (_, pending) in _acquires)
        {
            Send(pending);
        }

        foreach (var (lease, _) in _releases)
        {
            SendRelease(lease);
        }
    }

    /// <summary>The session is refused for good: whoever waits for a lease, now or later, is told so.</summary>
    public void Refuse(CoordinatorException refusal)
    {
        _refused = refusal;
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

        var lease = new LeaseHandle(session, this, granted.Lease);
        lease.Renewed(pending.SentAt);
        held.Add(lease);
        if (!pending.Granted.TrySetResult(lease))
        {
            // Nobody waits for it any more.
            _ = lease.DisposeAsync().AsTask();
        }
    }

    public void OnReleased(LeaseId id)
    {
        held.GiveBack(id);
        if (_releases.TryRemove(id, out var done))
        {
            done.TrySetResult();
        }
    }

    public void OnRefused(string requestId, Failure failure)
    {
        if (_acquires.TryGetValue(requestId, out var pending))
        {
            OnRefused(pending, failure);
        }
        else if (LeaseOfRelease(requestId) is { } id)
        {
            if (failure.Passing)
            {
                _ = LaterAsync(() => SendRelease(id));
            }
            else
            {
                // It is over already, one way or another.
                OnReleased(id);
            }
        }
    }

    private void OnRefused(PendingAcquire pending, Failure failure)
    {
        if (pending.Granted.Task.IsCompleted)
        {
            _acquires.TryRemove(pending.RequestId, out _);
        }
        else if (failure.Passing || failure.Status == StatusCode.ResourceExhausted)
        {
            pending.Refused();
            _ = LaterAsync(() => Send(pending));
        }
        else if (failure.Reason == "LEASE_LOST" && !pending.Adopts)
        {
            // Granted once, and over before the answer came: this is another request.
            _acquires.TryRemove(pending.RequestId, out _);
            pending.Renew();
            _acquires[pending.RequestId] = pending;
            Send(pending);
        }
        else
        {
            _acquires.TryRemove(pending.RequestId, out _);
            pending.Granted.TrySetException(CoordinatorException.From(failure));
        }
    }

    private async Task LaterAsync(Action again)
    {
        await Task.Delay(Pause, session.Time, session.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!session.Stopping.IsCancellationRequested)
        {
            again();
        }
    }

    private void Send(PendingAcquire pending)
    {
        // The time is taken before the send: a grant counts from there.
        if (session.Stream is { } stream && pending.Send(stream, session.Now))
        {
            stream.Send(pending.ToFrame());
        }
    }

    private void SendRelease(LeaseId lease) =>
        session.Stream?.Send(new() { Release = new() { RequestId = RequestIdOf(lease), Resource = lease.Resource, Token = lease.Token } });

    private LeaseId? LeaseOfRelease(string requestId) =>
        _releases.Keys.Where(lease => RequestIdOf(lease) == requestId).Select(lease => (LeaseId?)lease).FirstOrDefault();

    private static string RequestIdOf(LeaseId released) => $"release-{released.Token}";
}
