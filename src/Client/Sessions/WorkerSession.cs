using Coordinator.Client.Connection;
using Coordinator.Client.Sessions;
using Coordinator.Client.Tails;
using Coordinator.V1;
using Grpc.Core;
using System.Collections.Concurrent;

namespace Coordinator.Client;

/// <summary>
/// A worker's session: one stream to one of the coordinators at a time, over which its leases are renewed and its events are shipped. A stream that
/// breaks is opened again elsewhere and takes the leases along. Disposing it releases them.
/// </summary>
/// <remarks>
/// Deadlines and heartbeats run on a thread of their own; only the transport's own work (the write of a heartbeat, the read of its ack)
/// needs the thread pool. Where that is starved for longer than a lease lives, the lease is lost, and says so in time.
/// </remarks>
public sealed class WorkerSession : IAsyncDisposable
{
    private readonly Channels _channels;
    private readonly CoordinatorClientOptions _options;
    private readonly WorkerOptions _worker;
    private readonly SteadyClock _clock;
    private readonly ConcurrentDictionary<LeaseId, LeaseHandle> _held = new();
    private readonly ConcurrentDictionary<string, PendingAcquire> _acquires = new();
    private readonly ConcurrentDictionary<LeaseId, TaskCompletionSource> _releases = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _batchCredits = new(64);
    private readonly TracePublishers _traces;
    private readonly LeaseClock _thread;
    private readonly Task _running;
    private volatile SessionStream? _stream;
    private CoordinatorException? _refused;

    internal WorkerSession(Channels channels, CoordinatorClientOptions options, WorkerOptions worker)
    {
        (_channels, _options, _worker) = (channels, options, worker);
        _clock = new(options.TimeProvider);
        _traces = new(worker.Scripts, options.TimeProvider, source => _stream?.Offer(source), Tell);
        _thread = new($"leases of {worker.WorkerId}", Tick);
        _running = Task.Run(RunAsync);
    }

    /// <summary>The worker's id: the holder of its leases.</summary>
    public string WorkerId => _worker.WorkerId;

    /// <summary>The leases that are held at this moment.</summary>
    public IReadOnlyCollection<LeaseHandle> Leases => [.. _held.Values];

    /// <summary>Where the events of a script are published for those that tail it; the same publisher each time.</summary>
    /// <param name="script">One of <see cref="WorkerOptions.Scripts"/>.</param>
    /// <exception cref="ArgumentException">The script is not one of them.</exception>
    public TracePublisher Traces(string script) => _traces.Of(script);

    internal Task Ready => _ready.Task;

    internal TimeSpan Now => _clock.Now;

    internal TimeProvider Time => _options.TimeProvider;

    internal (int Events, int Bytes) BatchBounds { get; private set; } = (1_000, 1 << 20);

    /// <summary>Takes a free resource. Over a break of the connection the request goes on and is granted once.</summary>
    /// <param name="resource">1 to 200 characters of A-Z a-z 0-9 . _ : ~ / -</param>
    /// <param name="ttl">1 s to 1 day; default <see cref="WorkerOptions.DefaultTtl"/>.</param>
    /// <param name="cancellation">Ends the wait. A lease granted all the same is released.</param>
    /// <exception cref="LeaseHeldException">Another has it.</exception>
    /// <exception cref="CoordinatorException">The request is refused, or the session is over.</exception>
    public async Task<LeaseHandle> AcquireAsync(string resource, TimeSpan? ttl = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(resource);
        return await AskAsync(new(resource, ttl ?? _worker.DefaultTtl), cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Takes a lease onto this session that its worker holds already by another way, such as a claimed run: from then on it is renewed here.
    /// </summary>
    /// <param name="resource">What is held, such as run:ID.</param>
    /// <param name="token">The fencing token under which it is held.</param>
    /// <param name="cancellation">Ends the wait. A lease adopted all the same is released.</param>
    /// <exception cref="CoordinatorException">The lease is over or another's, or the session is over.</exception>
    public async Task<LeaseHandle> AdoptAsync(string resource, long token, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(resource);
        return await AskAsync(new(resource, default, token), cancellation).ConfigureAwait(false);
    }

    private async Task<LeaseHandle> AskAsync(PendingAcquire pending, CancellationToken cancellation)
    {
        _acquires[pending.RequestId] = pending;
        if (_refused is { } refused)
        {
            throw refused;
        }

        SendAcquire(pending);
        await using var giveUp = cancellation.Register(() => pending.Granted.TrySetCanceled(cancellation)).ConfigureAwait(false);
        return await pending.Granted.Task.ConfigureAwait(false);
    }

    /// <summary>Ends the session: releases its leases, closes the stream.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        // A coordinator that does not answer must not hold up the end: the leases then live out their TTL.
        var released = Task.WhenAll(_held.Values.Select(lease => lease.ReleaseAsync(CancellationToken.None)));
        if (_stream is not null)
        {
            await Task.WhenAny(released, Task.Delay(_options.ConnectTimeout, Time)).ConfigureAwait(false);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _thread.Dispose();
        _traces.Dispose();
        EndAll(LeaseEnd.SessionEnded);
    }

    internal void Send(ConnectRequest frame) => _stream?.Send(frame);

    internal Task TakeBatchCreditAsync() => _batchCredits.WaitAsync();

    internal void ReturnBatchCredit() => _batchCredits.Release();

    internal async Task ReleaseAsync(LeaseHandle lease, CancellationToken cancellation)
    {
        var done = _releases.GetOrAdd(lease.Id, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var lost = lease.Lost.Register(() => done.TrySetResult()).ConfigureAwait(false);
        SendRelease(lease.Id);
        await done.Task.WaitAsync(cancellation).ConfigureAwait(false);
        _releases.TryRemove(lease.Id, out _);
    }

    // On the clock's thread: first what is over, then what is due.
    private TimeSpan Tick()
    {
        var now = Now;
        var next = TimeSpan.MaxValue;
        var shortest = _worker.DefaultTtl;
        foreach (var (_, lease) in _held)
        {
            if (lease.Deadline <= now)
            {
                Lose(lease.Id, LeaseEnd.Expired, 0, "its local deadline passed without a renewal");
                continue;
            }

            next = Least(next, lease.Deadline - now);
            shortest = Least(shortest, lease.Ttl);
        }

        return _stream is { } stream ? Least(next, stream.Tick(now, shortest)) : next;
    }

    private async Task RunAsync()
    {
        var backoff = new Backoff(_options.LongestBackoff);
        var at = _channels.Preferred;
        while (!_stopping.IsCancellationRequested)
        {
            await Task.Delay(backoff.Next(), Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            using var stream = new SessionStream(_channels[at++], this, Time);
            var reason = await stream.RunAsync(_worker, _held.Values, _options.ConnectTimeout, _stopping.Token).ConfigureAwait(false);
            _stream = null;
            _traces.Reset();
            if (stream.Welcomed)
            {
                backoff.Reset();
            }

            if (!_stopping.IsCancellationRequested && reason is { } failure)
            {
                if (failure.Status is StatusCode.Unauthenticated or StatusCode.PermissionDenied or StatusCode.InvalidArgument or StatusCode.FailedPrecondition
                    or StatusCode.Unimplemented)
                {
                    Refuse(CoordinatorException.From(failure));
                    return;
                }

                Tell(new(SessionNoticeKind.Disconnected, failure.Message));
            }
        }
    }

    internal void OnWelcome(SessionStream stream, Welcome welcome, TimeSpan sentAt)
    {
        BatchBounds = (welcome.Limits.EventsPerBatch, welcome.Limits.BatchBytes);
        foreach (var resumed in welcome.Resumed)
        {
            if (_held.TryGetValue(new(resumed.Resource, resumed.Token), out var lease))
            {
                lease.Renewed(sentAt);
                if (resumed.Control is { } control)
                {
                    OnRequest(KindOf(control.Kind), control.Id, lease.Id, control.Reason);
                }
            }
        }

        foreach (var lost in welcome.Lost)
        {
            OnLost(lost);
        }

        _stream = stream;
        foreach (var resumed in welcome.Resumed)
        {
            if (_held.TryGetValue(new(resumed.Resource, resumed.Token), out var lease))
            {
                lease.Events.Resumed(resumed.LastBatchSequence);
            }
        }

        foreach (var (_, pending) in _acquires)
        {
            SendAcquire(pending);
        }

        foreach (var (lease, _) in _releases)
        {
            SendRelease(lease);
        }

        _ready.TrySetResult();
        Tell(new(SessionNoticeKind.Connected, welcome.Session));
        _thread.Wake();
    }

    internal void OnFrame(SessionStream stream, ConnectResponse frame)
    {
        switch (frame.FrameCase)
        {
            case ConnectResponse.FrameOneofCase.HeartbeatAck:
                OnAck(stream, frame.HeartbeatAck);
                break;
            case ConnectResponse.FrameOneofCase.EventAck:
                if (_held.TryGetValue(new(frame.EventAck.Resource, frame.EventAck.Token), out var acked))
                {
                    acked.Events.Acked(frame.EventAck.AckedSequence);
                }

                break;
            case ConnectResponse.FrameOneofCase.Granted:
                OnGranted(frame.Granted);
                break;
            case ConnectResponse.FrameOneofCase.Released:
                OnReleased(new(frame.Released.Resource, frame.Released.Token));
                break;
            case ConnectResponse.FrameOneofCase.Control:
                OnControl(stream, frame.Control);
                break;
            case ConnectResponse.FrameOneofCase.Refused:
                OnRefused(frame.Refused);
                break;
            default:
                // A newer coordinator may send what this library does not know.
                break;
        }
    }

    private void OnAck(SessionStream stream, HeartbeatAck ack)
    {
        foreach (var lost in ack.Refused)
        {
            OnLost(lost);
        }

        foreach (var lease in stream.Acknowledged(ack, Now, out var sentAt))
        {
            lease.Renewed(sentAt);
        }

        _thread.Wake();
    }

    private void OnGranted(Granted granted)
    {
        var id = new LeaseId(granted.Lease.Resource, granted.Lease.Token);
        if (!_acquires.TryRemove(granted.RequestId, out var pending))
        {
            return;
        }

        var lease = new LeaseHandle(this, id.Resource, id.Token, TimeSpan.FromMilliseconds(granted.Lease.TtlMs), granted.Lease.LastBatchSequence);
        lease.Renewed(pending.SentAt);
        _held[id] = lease;
        _thread.Wake();
        if (!pending.Granted.TrySetResult(lease))
        {
            // Nobody waits for it any more.
            _ = lease.DisposeAsync().AsTask();
        }
    }

    private void OnReleased(LeaseId id)
    {
        if (_held.TryRemove(id, out var lease))
        {
            lease.Finish(LeaseEnd.Released, 0);
        }

        if (_releases.TryRemove(id, out var done))
        {
            done.TrySetResult();
        }
    }

    private void OnControl(SessionStream stream, Control control)
    {
        switch (control.Kind)
        {
            case Control.Types.Kind.Lost:
                OnLost(control.Lost);
                break;
            case Control.Types.Kind.Cancel:
                OnRequest(SessionNoticeKind.Cancel, control);
                return;
            case Control.Types.Kind.Pause:
                OnRequest(SessionNoticeKind.Pause, control);
                return;
            case Control.Types.Kind.Resume:
                OnRequest(SessionNoticeKind.Resume, control);
                return;
            case Control.Types.Kind.Drain:
                Tell(new(SessionNoticeKind.Drain, control.Reason));
                break;
            case Control.Types.Kind.Jeopardy:
                Tell(new(SessionNoticeKind.Jeopardy, control.Reason));
                break;
            case Control.Types.Kind.TailStarted or Control.Types.Kind.TailStopped:
                _traces.On(control);
                break;
            default:
                break;
        }

        Send(new() { ControlAck = new() { Id = control.Id } });
        if (control.Kind == Control.Types.Kind.Drain)
        {
            stream.Leave("the coordinator drains");
        }
    }

    private void OnRequest(SessionNoticeKind kind, Control control) =>
        OnRequest(kind, control.Id, new(control.Lease.Resource, control.Lease.Token), control.Reason);

    private void OnRequest(SessionNoticeKind kind, string controlId, LeaseId id, string reason)
    {
        if (_held.TryGetValue(id, out var lease))
        {
            if (kind == SessionNoticeKind.Cancel)
            {
                lease.RequestCancel();
            }

            Tell(new(kind, reason, id));
        }

        Send(new() { ControlAck = new() { Id = controlId } });
    }

    private void OnRefused(Refused refused)
    {
        var failure = Failure.Of(refused.Status);
        if (refused.AboutCase == Refused.AboutOneofCase.Batch)
        {
            OnBatchRefused(new(refused.Batch.Resource, refused.Batch.Token), failure);
        }
        else if (_acquires.TryGetValue(refused.RequestId, out var pending))
        {
            OnAcquireRefused(pending, failure);
        }
        else if (LeaseOfRelease(refused.RequestId) is { } id)
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

    private void OnBatchRefused(LeaseId id, Failure failure)
    {
        if (!_held.TryGetValue(id, out var lease))
        {
            return;
        }

        if (failure.Reason is "LEASE_LOST" or "LEASE_NOT_FOUND")
        {
            var end = Enum.TryParse<LeaseEnd>(failure.Metadata.GetValueOrDefault("reason"), ignoreCase: true, out var reason) ? reason : LeaseEnd.Forgotten;
            Lose(id, end, failure.Number("last_batch_sequence"), failure.Message);
        }
        else if (failure.Passing || failure.Status == StatusCode.ResourceExhausted || failure.Reason == "SEQUENCE_GAP")
        {
            lease.Events.Refused();
        }
        else
        {
            lease.Events.Fail(CoordinatorException.From(failure));
            Tell(new(SessionNoticeKind.Refused, failure.Message, id));
        }
    }

    private void OnAcquireRefused(PendingAcquire pending, Failure failure)
    {
        if (pending.Granted.Task.IsCompleted)
        {
            _acquires.TryRemove(pending.RequestId, out _);
        }
        else if (failure.Passing || failure.Status == StatusCode.ResourceExhausted)
        {
            pending.Refused();
            _ = LaterAsync(() => SendAcquire(pending));
        }
        else if (failure.Reason == "LEASE_LOST" && !pending.Adopts)
        {
            // Granted once, and over before the answer came: this is another request.
            _acquires.TryRemove(pending.RequestId, out _);
            pending.Renew();
            _acquires[pending.RequestId] = pending;
            SendAcquire(pending);
        }
        else
        {
            _acquires.TryRemove(pending.RequestId, out _);
            pending.Granted.TrySetException(CoordinatorException.From(failure));
        }
    }

    private async Task LaterAsync(Action again)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(100), Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_stopping.IsCancellationRequested)
        {
            again();
        }
    }

    private void SendAcquire(PendingAcquire pending)
    {
        // The time is taken before the send: a grant counts from there.
        if (_stream is { } stream && pending.Send(stream, Now))
        {
            stream.Send(pending.ToFrame());
        }
    }

    private void SendRelease(LeaseId lease) =>
        Send(new() { Release = new() { RequestId = $"release-{lease.Token}", Resource = lease.Resource, Token = lease.Token } });

    private LeaseId? LeaseOfRelease(string requestId) =>
        _releases.Keys.Where(lease => $"release-{lease.Token}" == requestId).Select(lease => (LeaseId?)lease).FirstOrDefault();

    private void OnLost(LostLease lost) => Lose(new(lost.Resource, lost.Token), (LeaseEnd)lost.Reason, lost.LastBatchSequence, "told by the coordinator");

    private void Lose(LeaseId id, LeaseEnd end, long lastBatchSequence, string message)
    {
        if (_held.TryRemove(id, out var lease) && lease.Finish(lease.Releasing ? LeaseEnd.Released : end, lastBatchSequence) && !lease.Releasing)
        {
            Tell(new(SessionNoticeKind.Lost, message, id, end));
        }
    }

    private void Refuse(CoordinatorException refusal)
    {
        _refused = refusal;
        _ready.TrySetException(refusal);
        foreach (var (_, pending) in _acquires)
        {
            pending.Granted.TrySetException(refusal);
        }

        EndAll(LeaseEnd.SessionEnded);
        Tell(new(SessionNoticeKind.Refused, refusal.Message));
    }

    private void EndAll(LeaseEnd end)
    {
        foreach (var (id, _) in _held)
        {
            Lose(id, end, 0, "the session is over");
        }
    }

    private void Tell(SessionNotice notice)
    {
        if (_worker.OnNotice is { } told)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => told(notice), null);
        }
    }

    private static SessionNoticeKind KindOf(string control) => control switch
    {
        "pause" => SessionNoticeKind.Pause,
        "resume" => SessionNoticeKind.Resume,
        _ => SessionNoticeKind.Cancel,
    };

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
