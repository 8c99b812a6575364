using Coordinator.Client.Connection;
using Coordinator.Client.Tails;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Client.Sessions;

/// <summary>One stream to one coordinator: hello, heartbeats and their acks, frames in and out.</summary>
internal sealed class SessionStream(CallInvoker invoker, WorkerSession session, TimeProvider time) : IDisposable
{
    private const int ResumedPerChunk = 1_000;
    private static readonly TimeSpan LeastAckWait = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _leave = new();
    private readonly Queue<(long Sequence, TimeSpan SentAt, IReadOnlyCollection<LeaseHandle> Leases)> _beats = new();
    private readonly Lock _gate = new();
    private string _left = "the stream was closed";
    private FrameWriter? _writer;
    private TimeSpan _nextBeat;
    private long _sequence;
    private bool _over;

    public bool Welcomed { get; private set; }

    /// <summary>It has acknowledged a heartbeat: the coordinator works.</summary>
    public bool Proven { get; private set; }

    /// <summary>Runs the stream to its end; gives why it ended, or null where the session stops.</summary>
    public async Task<Failure?> RunAsync(WorkerOptions worker, IReadOnlyCollection<LeaseHandle> held, TimeSpan connectTimeout, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_leave.Token, stopping);
        try
        {
            using var call = new V1.Sessions.SessionsClient(invoker).Connect(cancellationToken: either.Token);
            var input = call.ResponseStream;
            var sentAt = session.Now;
            bool open;
            using (time.CreateTimer(_ => Leave("no welcome in time"), null, connectTimeout, Timeout.InfiniteTimeSpan))
            {
                await GreetAsync(call.RequestStream, worker, held).ConfigureAwait(false);
                open = await input.MoveNext(either.Token).ConfigureAwait(false);
            }

            _writer = new(call.RequestStream, broken => Leave(broken.Message));
            for (; open; open = await input.MoveNext(either.Token).ConfigureAwait(false))
            {
                if (Take(input.Current, sentAt) is { } breach)
                {
                    return Failure.Of(StatusCode.Internal, $"The coordinator broke the protocol: {breach}.");
                }
            }

            return Failure.Of(
                StatusCode.Unavailable, Welcomed ? "The coordinator closed the stream." : "The coordinator ended the stream before it said welcome.");
        }
        catch (RpcException broken)
        {
            return _leave.IsCancellationRequested ? Left() : Failure.Of(broken);
        }
        catch (Exception ended) when (ended is OperationCanceledException or InvalidOperationException or IOException)
        {
            return stopping.IsCancellationRequested ? null : Left();
        }
    }

    public void Send(ConnectRequest frame) => _writer?.Send(frame);

    public void Offer(ITraceSource source) => _writer?.Offer(source);

    /// <summary>Gives this stream up; the session opens another.</summary>
    public void Leave(string why)
    {
        lock (_gate)
        {
            if (!_over)
            {
                _left = why;
                _ = _leave.CancelAsync();
            }
        }
    }

    /// <summary>Sends a heartbeat if one is due; gives the time until the next. On the clock's thread, after what is overdue has ended.</summary>
    public TimeSpan Tick(TimeSpan now, TimeSpan shortestTtl)
    {
        lock (_gate)
        {
            // A third of the TTL to beat, a sixth to answer: half of it is left to find another coordinator.
            var ackWait = shortestTtl / 6 > LeastAckWait ? shortestTtl / 6 : LeastAckWait;
            if (_beats.TryPeek(out var oldest))
            {
                if (now - oldest.SentAt >= ackWait)
                {
                    Leave($"no answer to a heartbeat within {ackWait.TotalMilliseconds:0} ms");
                    return TimeSpan.MaxValue;
                }

                return oldest.SentAt + ackWait - now;
            }

            var due = _nextBeat < now + (shortestTtl / 3) ? _nextBeat : now + (shortestTtl / 3);
            if (now < _nextBeat)
            {
                _nextBeat = due;
                return due - now;
            }

            // What is held now is what this beat can renew: a grant that arrives later was not known to be covered.
            var sentAt = session.Now;
            _beats.Enqueue((++_sequence, sentAt, session.Leases));
            Send(new() { Heartbeat = new() { Sequence = _sequence, All = true } });
            return ackWait;
        }
    }

    /// <summary>The leases that an ack renews, counted from before its heartbeat was sent; those it refuses have ended already.</summary>
    public IReadOnlyCollection<LeaseHandle> Acknowledged(HeartbeatAck ack, TimeSpan now, out TimeSpan sentAt)
    {
        lock (_gate)
        {
            _nextBeat = now + TimeSpan.FromMilliseconds(ack.NextHeartbeatInMs);
            while (_beats.TryDequeue(out var beat))
            {
                if (beat.Sequence == ack.Sequence)
                {
                    Proven = true;
                    sentAt = beat.SentAt;
                    return beat.Leases;
                }
            }

            sentAt = default;
            return [];
        }
    }

    // Takes one frame in, or says how it breaks the protocol. Whatever goes wrong with it ends this stream, and nothing else of the session.
    private string? Take(ConnectResponse frame, TimeSpan helloAt)
    {
        if (FrameRules.Breach(frame, Welcomed) is { } breach)
        {
            return breach;
        }

        try
        {
            if (frame.Welcome is { } welcome)
            {
                _nextBeat = session.Now + TimeSpan.FromMilliseconds(welcome.HeartbeatIntervalMs);
                Welcomed = true;
                session.OnWelcome(this, welcome, helloAt);
            }
            else
            {
                session.OnFrame(this, frame);
            }

            return null;
        }
        catch (Exception fault)
        {
            return $"{frame.FrameCase} cannot be taken in: {fault.Message}";
        }
    }

    private static async Task GreetAsync(IClientStreamWriter<ConnectRequest> output, WorkerOptions worker, IReadOnlyCollection<LeaseHandle> held)
    {
        var hello = new Hello { WorkerId = worker.WorkerId };
        hello.Labels.Add(worker.Labels.ToDictionary());
        hello.Scripts.Add(worker.Scripts.Distinct(StringComparer.Ordinal));
        var chunks = held.Where(lease => lease.Remaining > TimeSpan.Zero).Select(lease => lease.Id.ToWire()).Chunk(ResumedPerChunk).ToArray();
        for (var i = 0; i < chunks.Length; i++)
        {
            var chunk = new Resume { More = i < chunks.Length - 1, Leases = { chunks[i] } };
            if (i == 0)
            {
                hello.Resume = chunk;
                await output.WriteAsync(new() { Hello = hello }).ConfigureAwait(false);
            }
            else
            {
                await output.WriteAsync(new() { Resume = chunk }).ConfigureAwait(false);
            }
        }

        if (chunks.Length == 0)
        {
            await output.WriteAsync(new() { Hello = hello }).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _over = true;
            _leave.Dispose();
        }
    }

    private Failure Left() => Failure.Of(StatusCode.Unavailable, _left);
}
