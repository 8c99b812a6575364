using Coordinator.Client.Connection;
using Coordinator.Client.Sessions;
using Coordinator.Client.Tails;
using Coordinator.V1;
using Grpc.Core;

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
    private readonly HeldLeases _held;
    private readonly SessionRequests _requests;
    private readonly EventAnswers _events;
    private readonly TracePublishers _traces;
    private readonly Controls _controls;
    private readonly Inbox _inbox;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Notices _notices;
    private readonly CancellationTokenSource _stopping = new();
    private readonly LeaseClock _thread;
    private readonly Task _running;
    private readonly Lazy<Task> _end;
    private volatile SessionStream? _stream;
    private volatile BatchBounds _batchBounds = BatchBounds.Default;

    internal WorkerSession(Channels channels, CoordinatorClientOptions options, WorkerOptions worker)
    {
        (_channels, _options, _worker) = (channels, options, worker);
        _clock = new(options.TimeProvider);
        _notices = new(worker.OnNotice);
        _held = new(_notices.Tell);
        _requests = new(this, _held);
        _events = new(_held, _notices.Tell);
        _traces = new(worker.Scripts, options.TimeProvider, source => _stream?.Offer(source), _notices.Tell);
        _controls = new(_held, _traces, _notices.Tell);
        _inbox = new(this, _held, _requests, _events, _controls);
        _end = new(EndAsync);
        _thread = new($"leases of {worker.WorkerId}", Tick);
        _running = Task.Run(RunAsync);
    }

    /// <summary>The worker's id: the holder of its leases.</summary>
    public string WorkerId => _worker.WorkerId;

    /// <summary>The leases that are held at this moment.</summary>
    public IReadOnlyCollection<LeaseHandle> Leases => _held.All;

    /// <summary>Where the events of a script are published for those that tail it; the same publisher each time.</summary>
    /// <param name="script">One of <see cref="WorkerOptions.Scripts"/>.</param>
    /// <exception cref="ArgumentException">The script is not one of them.</exception>
    public TracePublisher Traces(string script) => _traces.Of(script);

    internal Task Ready => _ready.Task;

    internal TimeSpan Now => _clock.Now;

    internal TimeProvider Time => _options.TimeProvider;

    internal CancellationToken Stopping => _stopping.Token;

    /// <summary>The welcomed stream; null while there is none. Frames need not wait for it: what has no answer is sent again on the next.</summary>
    internal SessionStream? Stream => _stream;

    /// <summary>One for each event batch of the session that is not acknowledged.</summary>
    internal BatchCredits BatchCredits { get; } = new();

    internal BatchBounds BatchBounds => _batchBounds;

    /// <summary>Takes a free resource. Over a break of the connection the request goes on and is granted once.</summary>
    /// <param name="resource">1 to 200 characters of A-Z a-z 0-9 . _ : ~ / -</param>
    /// <param name="ttl">1 s to 1 day; default <see cref="WorkerOptions.DefaultTtl"/>.</param>
    /// <param name="cancellation">Ends the wait. A lease granted all the same is released.</param>
    /// <exception cref="LeaseHeldException">Another has it.</exception>
    /// <exception cref="CoordinatorException">The request is refused, or the session is over.</exception>
    public async Task<LeaseHandle> AcquireAsync(string resource, TimeSpan? ttl = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(resource);
        return await _requests.AskAsync(new(resource, ttl ?? _worker.DefaultTtl), cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Takes a lease onto this session that its worker holds already by another way, such as a claimed run: from then on it is renewed here.
    /// A lease that this session holds already is asked for again, and has the same handle.
    /// </summary>
    /// <param name="resource">What is held, such as run:ID.</param>
    /// <param name="token">The fencing token under which it is held.</param>
    /// <param name="cancellation">Ends the wait. A lease adopted all the same is released, unless this session held it before.</param>
    /// <exception cref="CoordinatorException">The lease is over or another's, or the session is over.</exception>
    public async Task<LeaseHandle> AdoptAsync(string resource, long token, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(resource);
        return await _requests.AskAsync(new(resource, default, token), cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends the session: refuses what waits to be granted, releases its leases, closes the stream. A release without an answer
    /// within <see cref="CoordinatorClientOptions.ConnectTimeout"/> is <see cref="LeaseEnd.OutcomeUnknown"/>.
    /// </summary>
    public ValueTask DisposeAsync() => new(_end.Value);

    private async Task EndAsync()
    {
        _requests.Refuse(new(StatusCode.Cancelled, "SESSION_DISPOSED", "The session was disposed."));
        try
        {
            var released = Task.WhenAll(_held.All.Select(lease => lease.DisposeAsync().AsTask()));
            if (_stream is not null)
            {
                // A coordinator that does not answer must not hold up the end: the leases then live out their TTL.
                await released.WaitAsync(_options.ConnectTimeout, Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await _stopping.CancelAsync().ConfigureAwait(false);
            await _running.ConfigureAwait(false);
        }
        finally
        {
            _thread.Dispose();
            _traces.Dispose();
            _held.LoseAll();
        }
    }

    // On the clock's thread: first what is over, then what is due.
    private TimeSpan Tick()
    {
        var now = Now;
        var (next, shortestTtl) = _held.LoseOverdue(now, _worker.DefaultTtl);
        var due = _stream?.Tick(now, shortestTtl) ?? TimeSpan.MaxValue;
        return due < next ? due : next;
    }

    private async Task RunAsync()
    {
        try
        {
            await StayConnectedAsync().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            // A mistake of this library's own: it ends the session, and nobody must wait for what will not come any more.
            Refuse(new(StatusCode.Internal, "", $"The session failed: {fault.Message}", fault));
        }
    }

    private async Task StayConnectedAsync()
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
            var reason = await stream.RunAsync(_worker, _held.All, _options.ConnectTimeout, _stopping.Token).ConfigureAwait(false);
            _stream = null;
            _traces.Reset();
            if (stream.Proven || (stream.Welcomed && reason?.Status != StatusCode.Internal))
            {
                // What breaks the protocol, or breaks down, right behind its welcome may do so each time: it is not asked again without a pause.
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

                _notices.Tell(new(SessionNoticeKind.Disconnected, failure.Message));
            }
        }
    }

    internal void OnWelcome(SessionStream stream, Welcome welcome, TimeSpan sentAt)
    {
        _batchBounds = BatchBounds.Of(welcome.Limits);
        BatchCredits.Allow(welcome.Limits);
        _held.OnResumed(welcome.Resumed, sentAt);
        _controls.OnResumed(stream, welcome.Resumed);
        _held.Lose(welcome.Lost);
        // What anybody sends from here on goes out; what was sent into the gap is sent again below.
        _stream = stream;
        _events.OnResumed(welcome.Resumed);
        _requests.Resend();
        _ready.TrySetResult();
        _notices.Tell(new(SessionNoticeKind.Connected, welcome.Session));
        _thread.Wake();
    }

    internal void OnFrame(SessionStream stream, ConnectResponse frame) => _inbox.Take(stream, frame);

    /// <summary>A lease's deadline, or when a heartbeat is due, is another.</summary>
    internal void Wake() => _thread.Wake();

    private void Refuse(CoordinatorException refusal)
    {
        _requests.Refuse(refusal);
        _ready.TrySetException(refusal);
        _held.LoseAll();
        _notices.Tell(new(SessionNoticeKind.Refused, refusal.Message));
    }
}
