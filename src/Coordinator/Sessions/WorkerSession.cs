using Coordinator.Credentials;
using Coordinator.Leases;
using Coordinator.Services;
using Coordinator.V1;
using Grpc.Core;
using System.Collections.Concurrent;
using EventBatch = Coordinator.V1.EventBatch;
using LeaseChange = Coordinator.Leases.LeaseChange;
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
    private readonly SessionRequests _requests;
    private readonly ConcurrentDictionary<Task, bool> _underWay = new();
    private readonly CancellationTokenSource _ended;
    private readonly CancellationToken _connected;
    private RpcException? _end;

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
        _controls = new(this, parts, _outbox);
        _heartbeats = new(this, parts, _held, _outbox, _controls);
        _lanes = new(this, parts, _outbox);
        _requests = new(this, parts, _labels, _held, _outbox, _controls);
        _scripts = new(this, parts, hello.Scripts.ToHashSet(), _controls, refusal => _requests.Refuse("", StatusTable.ToStatus(refusal)));
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
            if (result.Control is { } control)
            {
                _controls.Told(control, lease.Resource, lease.Token);
            }
        }

        _parts.Registry.Add(this);
        Metrics.Sessions.Add(1);
        Log.SessionBegan(_parts.Log, Id, WorkerId, welcome.Resumed.Count, welcome.Lost.Count);
        _outbox.Send(new() { Welcome = welcome });
        _scripts.Follow();
    }

    /// <summary>Writes until <see cref="FinishAsync"/>.</summary>
    public Task RunAsync(IServerStreamWriter<ConnectResponse> output) => _outbox.RunAsync(output, _connected);

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
                _requests.Take(frame.Acquire);
                break;
            case ConnectRequest.FrameOneofCase.Traces:
                _scripts.Take(frame.Traces);
                break;
            case ConnectRequest.FrameOneofCase.Adopt:
                _requests.Take(frame.Adopt);
                break;
            case ConnectRequest.FrameOneofCase.Release:
                _requests.Take(frame.Release);
                break;
            case ConnectRequest.FrameOneofCase.ControlAck:
                _controls.Acknowledge(frame.ControlAck.Id);
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
            _controls.Push(held);
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

    /// <summary>Ends the stream with a status; the first one counts.</summary>
    public void End(RpcException status)
    {
        if (Interlocked.CompareExchange(ref _end, status, null) is null)
        {
            _ended.Cancel();
        }
    }

    /// <summary>Ends the stream because of a mistake of this program.</summary>
    public void Break(Exception fault) => End(CallFailures.Translate(fault, "Connect", gone: false, _parts.Log));

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
        var answers = Task.WhenAll([.. _underWay.Keys, _heartbeats.CompleteAsync()]);
        await Task.WhenAny(answers, Task.Delay(LastAnswersWithin, _parts.Time)).ConfigureAwait(false);
        _outbox.Complete();
        await running.ConfigureAwait(false);
        Log.SessionEnded(_parts.Log, Id, WorkerId, reason);
    }
}
