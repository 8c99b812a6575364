using Coordinator.Credentials;
using Coordinator.Leases;
using Coordinator.Services;
using Coordinator.V1;
using Grpc.Core;
using System.Collections.Concurrent;
using EventBatch = Coordinator.V1.EventBatch;
using LeaseChange = Coordinator.Leases.LeaseChange;
using LeaseControl = Coordinator.Leases.LeaseControl;
using LostLease = Coordinator.Leases.LostLease;

namespace Coordinator.Sessions;

/// <summary>One worker stream after its hello: what it holds, what it waits for, what it is told.</summary>
internal sealed class WorkerSession
{
    private static readonly TimeSpan LastAnswersWithin = TimeSpan.FromSeconds(5);

    private readonly SessionParts _parts;
    private readonly Credential _credential;
    private readonly Dictionary<string, string> _labels;
    private readonly Outbox _outbox;
    private readonly HeldLeases _held;
    private readonly Controls _controls;
    private readonly Heartbeats _heartbeats;
    private readonly EventLanes _lanes;
    private readonly ShippedScripts _scripts;
    private readonly ConcurrentDictionary<Task, bool> _underWay = new();
    private readonly CancellationTokenSource _ended;
    private readonly CancellationToken _connected;
    private RpcException? _end;
    private int _unanswered;

    public WorkerSession(SessionParts parts, Credential credential, Hello hello, Action abort, CancellationToken connected)
    {
        _connected = connected;
        _parts = parts;
        _credential = credential;
        WorkerId = hello.WorkerId;
        _labels = hello.Labels.ToDictionary();
        _ended = CancellationTokenSource.CreateLinkedTokenSource(connected);
        Ended = _ended.Token;
        _outbox = new(parts.Options, parts.Time, reason =>
        {
            End(StatusTable.Fail(StatusCode.ResourceExhausted, "PEER_DOES_NOT_READ", reason));
            // It would not read the status either, and would hold the stream open for ever.
            abort();
        });
        _held = new(this, parts.Registry);
        _controls = new(_outbox);
        _heartbeats = new(this, parts, _held, _outbox, _controls);
        _lanes = new(this, parts, _outbox);
        _scripts = new(parts, Tenant, hello.Scripts.ToHashSet(), _controls);
    }

    public string Id { get; } = Guid.NewGuid().ToString("N");

    public string WorkerId { get; }

    public string Tenant => _credential.Tenant;

    /// <summary>What the leases of this stream are stamped with; renewals of an older stream fail on it.</summary>
    public string Connection => Id;

    /// <summary>Cancelled when the stream is to end.</summary>
    public CancellationToken Ended { get; }

    /// <summary>Why the stream was ended from this side; null where the worker ended it.</summary>
    public RpcException? EndedBy => Volatile.Read(ref _end);

    /// <summary>Takes over what the worker still holds, then welcomes it.</summary>
    public async Task BeginAsync(IReadOnlyList<LeaseRef> resumed, CancellationToken cancellation)
    {
        var renewals = resumed.Select(lease => new Renewal(ResourceKey.Of(Tenant, lease.Resource), lease.Token, Connection, WorkerId)).ToArray();
        var results = await _parts.Lessor.RenewAsync(Guard.Resume, renewals, cancellation).ConfigureAwait(false);
        await _scripts.RegisterAsync(cancellation).ConfigureAwait(false);
        var options = _parts.Options;
        var welcome = new Welcome
        {
            Session = Id,
            HeartbeatIntervalMs = Heartbeats.Interval(results.Where(r => r.Lost is null).Select(r => r.Ttl).Append(options.DefaultTtl).Min()).Milliseconds(),
            TtlMs = options.DefaultTtl.Milliseconds(),
            Limits = new()
            {
                UnackedBatches = options.UnackedBatches,
                UnackedHeartbeats = options.UnackedHeartbeats,
                UnansweredRequests = options.UnansweredRequests,
                EventsPerBatch = LeaseBounds.MaxEventsPerBatch,
                BatchBytes = LeaseBounds.MaxBatchBytes,
                Leases = options.Leases,
            },
        };
        foreach (var (lease, renewal, result) in resumed.Zip(renewals, results))
        {
            if (result.Lost is { } lost)
            {
                welcome.Lost.Add(lost.ToWire(lease.Resource, lease.Token));
                continue;
            }

            _held.Add(new(renewal.Resource, lease.Token, result.Ttl));
            welcome.Resumed.Add(new ResumedLease
            {
                Resource = lease.Resource,
                Token = lease.Token,
                TtlMs = result.Ttl.Milliseconds(),
                LastBatchSequence = result.LastBatchSequence,
                Control = result.Control?.ToWire(),
            });
        }

        _parts.Registry.Add(this);
        Metrics.Sessions.Add(1);
        Log.SessionBegan(_parts.Log, Id, WorkerId, welcome.Resumed.Count, welcome.Lost.Count);
        _outbox.Send(new() { Welcome = welcome });
        _scripts.Follow();
    }

    /// <summary>Writes and acknowledges until <see cref="FinishAsync"/>.</summary>
    public Task RunAsync(IServerStreamWriter<ConnectResponse> output) => Task.WhenAll(_outbox.RunAsync(output, _connected), _heartbeats.RunAsync());

    /// <summary>Takes one frame in. What is refused is answered; what breaks the stream's rules is thrown.</summary>
    public void OnFrame(ConnectRequest frame)
    {
        switch (frame.FrameCase)
        {
            case ConnectRequest.FrameOneofCase.Heartbeat:
                _heartbeats.Add(frame.Heartbeat);
                break;
            case ConnectRequest.FrameOneofCase.EventBatch:
                _lanes.Add(frame.EventBatch);
                break;
            case ConnectRequest.FrameOneofCase.Acquire:
                Answer(frame.Acquire.RequestId, () => AcquireAsync(frame.Acquire));
                break;
            case ConnectRequest.FrameOneofCase.Traces:
                if (_scripts.Take(frame.Traces) is { } refusal)
                {
                    Refuse("", StatusTable.ToStatus(refusal));
                }

                break;
            case ConnectRequest.FrameOneofCase.Adopt:
                Answer(frame.Adopt.RequestId, () => AdoptAsync(frame.Adopt));
                break;
            case ConnectRequest.FrameOneofCase.Release:
                Answer(frame.Release.RequestId, () => ReleaseAsync(frame.Release));
                break;
            case ConnectRequest.FrameOneofCase.ControlAck:
                AcknowledgeControl(frame.ControlAck.Id);
                break;
            case ConnectRequest.FrameOneofCase.Hello:
                throw StatusTable.Fail(StatusCode.FailedPrecondition, "HELLO_TWICE", "This stream has said hello already.");
            case ConnectRequest.FrameOneofCase.Resume:
                throw StatusTable.Fail(StatusCode.FailedPrecondition, "RESUME_TOO_LATE", "Leases are resumed with the hello, before the welcome.");
            default:
                throw StatusTable.Fail(StatusCode.InvalidArgument, "EMPTY_FRAME", "The frame has no content that is known here.");
        }
    }

    /// <summary>A lease of this session began, ended or was asked for something, maybe on another coordinator.</summary>
    public void OnChange(LeaseChange change)
    {
        if (_held.Find(change.Resource, change.Token) is not { } held)
        {
            return;
        }

        if (change.IsControl)
        {
            Track(PushControlAsync(held));
        }
        else if (change.Reason is { } reason && !held.Releasing && _held.Remove(change.Resource, change.Token))
        {
            var lost = new LostLease(reason, 0, 0).ToWire(change.Resource, change.Token);
            _controls.Send(new() { Id = Guid.NewGuid().ToString("N"), Kind = Control.Types.Kind.Lost, Reason = reason.ToString().ToLowerInvariant(), Lost = lost });
        }
    }

    public void TellDrain(TimeSpan grace) => _controls.Send(new()
    {
        Id = Guid.NewGuid().ToString("N"),
        Kind = Control.Types.Kind.Drain,
        Reason = "This coordinator stops: connect to another one.",
        GraceMs = grace.Milliseconds(),
    });

    public void Tell(LeaseControl control, string resource, long token) => _controls.Send(new()
    {
        Id = control.Id,
        Kind = control.Kind switch
        {
            LeaseControl.Pause => Control.Types.Kind.Pause,
            LeaseControl.Resume => Control.Types.Kind.Resume,
            _ => Control.Types.Kind.Cancel,
        },
        Reason = control.Reason,
        Lease = new() { Resource = resource, Token = token },
    });

    /// <summary>Ends the stream with a status; the first one counts.</summary>
    public void End(RpcException status)
    {
        if (Interlocked.CompareExchange(ref _end, status, null) is null)
        {
            _ended.Cancel();
        }
    }

    /// <summary>Something that runs beside the stream and answers on it.</summary>
    public void Track(Task work)
    {
        _underWay[work] = true;
        _ = work.ContinueWith(done => _underWay.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>The worker sends no more: answers what is under way, then lets the stream go. The leases stay to their TTL.</summary>
    public async Task FinishAsync(Task running, string reason)
    {
        _scripts.Leave();
        _held.Forget();
        _parts.Registry.Remove(this);
        Metrics.Sessions.Add(-1);
        _heartbeats.Complete();
        var answers = Task.WhenAll(_underWay.Keys);
        await Task.WhenAny(answers, Task.Delay(LastAnswersWithin, _parts.Time)).ConfigureAwait(false);
        _outbox.Complete();
        await running.ConfigureAwait(false);
        Log.SessionEnded(_parts.Log, Id, WorkerId, reason);
    }

    private void Answer(string requestId, Func<Task<Google.Rpc.Status?>> request)
    {
        if (LeaseRules.Id(requestId, "request_id") is { } refusal)
        {
            Refuse(requestId, StatusTable.ToStatus(refusal));
        }
        else if (Interlocked.Increment(ref _unanswered) > _parts.Options.UnansweredRequests)
        {
            Interlocked.Decrement(ref _unanswered);
            Refuse(requestId, StatusTable.ToStatus(new Refusal(
                RefusalKind.LimitExceeded, $"{_parts.Options.UnansweredRequests} requests wait for their answer already")));
        }
        else
        {
            Track(AnswerAsync(requestId, request));
        }
    }

    private async Task AnswerAsync(string requestId, Func<Task<Google.Rpc.Status?>> request)
    {
        try
        {
            if (await request().ConfigureAwait(false) is { } refused)
            {
                Refuse(requestId, refused);
            }
        }
        catch (StoreException away)
        {
            Refuse(requestId, StatusTable.ToStatus(away));
        }
        finally
        {
            Interlocked.Decrement(ref _unanswered);
        }
    }

    private Google.Rpc.Status? RefuseMore() =>
        _held.Count >= _parts.Options.Leases
            ? StatusTable.ToStatus(new Refusal(RefusalKind.LimitExceeded, $"A stream holds at most {_parts.Options.Leases} leases"))
            : null;

    private async Task<Google.Rpc.Status?> AdoptAsync(Adopt adopt)
    {
        if (RefuseMore() is { } full)
        {
            return full;
        }

        var (resource, token) = (adopt.Lease?.Resource ?? "", adopt.Lease?.Token ?? 0);
        var outcome = await _parts.Lessor.AdoptAsync(Tenant, resource, token, WorkerId, Connection, CancellationToken.None).ConfigureAwait(false);
        if (!outcome.Try(out var adopted, out var refusal))
        {
            return StatusTable.ToStatus(refusal);
        }

        _held.Add(new(adopted.Lease.Resource, token, adopted.Lease.Ttl));
        _outbox.Send(new() { Granted = new() { RequestId = adopt.RequestId, Lease = adopted.Lease.ToWire() } });
        if (adopted.Control is { } control)
        {
            Tell(control, resource, token);
        }

        return null;
    }

    private async Task<Google.Rpc.Status?> AcquireAsync(Acquire acquire)
    {
        if (RefuseMore() is { } full)
        {
            return full;
        }

        var ttl = acquire.HasTtlMs ? Wire.FromMilliseconds(acquire.TtlMs) : _parts.Options.DefaultTtl;
        var outcome = await _parts.Lessor.AcquireAsync(
            Tenant, acquire.Resource, WorkerId, ttl, acquire.RequestId, Connection, _labels, CancellationToken.None).ConfigureAwait(false);
        if (!outcome.Try(out var lease, out var refusal))
        {
            return StatusTable.ToStatus(refusal);
        }

        // Held before it is told: the first heartbeat that the worker sends with it must renew it.
        _held.Add(new(lease.Resource, lease.Token, lease.Ttl));
        _outbox.Send(new() { Granted = new() { RequestId = acquire.RequestId, Lease = lease.ToWire() } });
        return null;
    }

    private async Task<Google.Rpc.Status?> ReleaseAsync(Release release)
    {
        var held = _held.Find(release.Resource, release.Token);
        if (held is not null)
        {
            held.Releasing = true;
        }

        try
        {
            var outcome = await _parts.Lessor.ReleaseAsync(Tenant, release.Resource, release.Token, "", CancellationToken.None).ConfigureAwait(false);
            _held.Remove(release.Resource, release.Token);
            if (!outcome.Try(out _, out var refusal))
            {
                return StatusTable.ToStatus(refusal);
            }
        }
        catch (StoreException)
        {
            if (held is not null)
            {
                held.Releasing = false;
            }

            throw;
        }

        _outbox.Send(new() { Released = new() { RequestId = release.RequestId, Resource = release.Resource, Token = release.Token } });
        return null;
    }

    private async Task PushControlAsync(HeldLease held)
    {
        try
        {
            if (await _parts.Lessor.FindControlAsync(held.Resource, held.Token, Ended).ConfigureAwait(false) is { } control)
            {
                Tell(control, held.Resource.Name, held.Token);
            }
        }
        catch (Exception away) when (away is StoreException or OperationCanceledException)
        {
            // The next renewal brings it.
        }
    }

    private void AcknowledgeControl(string id)
    {
        if (_controls.Acknowledge(id) is { Lease: { } lease })
        {
            Track(ForgetControlAsync(lease, id));
        }
    }

    private async Task ForgetControlAsync(LeaseRef lease, string id)
    {
        try
        {
            await _parts.Lessor.AcknowledgeAsync(ResourceKey.Of(Tenant, lease.Resource), lease.Token, id, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // It stays in the lease and comes back with the next renewal, to be acknowledged again.
        }
    }

    private void Refuse(string requestId, Google.Rpc.Status status) =>
        _outbox.Send(new() { Refused = new() { RequestId = requestId, Status = status } });
}
