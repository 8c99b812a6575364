using Coordinator.V1;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Coordinator.Client;

/// <summary>
/// Ships events of a lease in batches: in order, each stored exactly once, over breaks of the connection. Bounded: who publishes faster than
/// batches are stored waits.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody takes has nothing to dispose of")]
public sealed class EventPublisher
{
    private const int MostWaiting = 10_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly WorkerSession _session;
    private readonly LeaseHandle _lease;
    private readonly Channel<WorkerEvent> _events = System.Threading.Channels.Channel.CreateBounded<WorkerEvent>(MostWaiting);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Lock _gate = new();
    private readonly LinkedList<EventBatch> _unacked = new();
    private readonly List<(long Upto, TaskCompletionSource Done)> _flushes = [];
    private long _published;
    private long _stored;
    private long _sequence;
    private bool _started;
    private bool _resending;
    private Exception? _failure;

    internal EventPublisher(WorkerSession session, LeaseHandle lease, long lastBatchSequence) =>
        (_session, _lease, _sequence) = (session, lease, lastBatchSequence);

    /// <summary>Every batch up to this one is stored.</summary>
    public long AckedSequence { get; private set; }

    /// <summary>Takes an event in; waits while too many are waiting. It is stored when a <see cref="FlushAsync"/> after it completes.</summary>
    /// <exception cref="LeaseLostException">The lease is over; says which batch was stored last.</exception>
    /// <exception cref="InvalidOperationException">The lease is being released.</exception>
    public async ValueTask PublishAsync(WorkerEvent entry, CancellationToken cancellation = default)
    {
        Start();
        // Who waits for room is taken in the order in which they came, and so is who flushes or closes behind them.
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            while (!TryTake(entry))
            {
                if (!await _events.Writer.WaitToWriteAsync(cancellation).ConfigureAwait(false))
                {
                    ThrowIfFailed();
                    throw new InvalidOperationException("The lease is being released: no more events can be published under it.");
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Completes when everything published before is stored.</summary>
    /// <exception cref="LeaseLostException">The lease was lost before that.</exception>
    public async Task FlushAsync(CancellationToken cancellation = default)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        Task stored;
        try
        {
            stored = StoredAsync();
        }
        finally
        {
            _turn.Release();
        }

        await stored.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Takes no more events in, and completes when those that were are stored.</summary>
    internal async Task CompleteAsync()
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        _events.Writer.TryComplete();
        _turn.Release();
        await StoredAsync().ConfigureAwait(false);
    }

    /// <summary>Everything up to the sequence is stored.</summary>
    internal void Acked(long sequence)
    {
        lock (_gate)
        {
            AckedSequence = Math.Max(AckedSequence, sequence);
            while (_unacked.First is { } first && first.Value.BatchSequence <= sequence)
            {
                _unacked.RemoveFirst();
                _stored += first.Value.Events.Count;
                _session.BatchCredits.Return();
            }

            foreach (var (upto, done) in _flushes.Where(flush => flush.Upto <= _stored).ToArray())
            {
                done.TrySetResult();
                _flushes.Remove((upto, done));
            }
        }
    }

    /// <summary>A new stream took the lease over: what it does not have yet is sent again.</summary>
    internal void Resumed(long lastStored)
    {
        Acked(lastStored);
        lock (_gate)
        {
            foreach (var batch in _unacked)
            {
                _session.Stream?.Send(new() { EventBatch = batch });
            }
        }
    }

    /// <summary>A batch could not be taken now: it and what follows is sent again in a moment.</summary>
    internal void Refused()
    {
        lock (_gate)
        {
            if (_resending)
            {
                return;
            }

            _resending = true;
        }

        _ = ResendAsync();
    }

    internal void Fail(Exception failure)
    {
        lock (_gate)
        {
            _failure ??= failure;
            foreach (var (_, done) in _flushes)
            {
                done.TrySetException(failure);
            }

            _flushes.Clear();
            for (; _unacked.Count > 0; _unacked.RemoveFirst())
            {
                _session.BatchCredits.Return();
            }
        }

        _events.Writer.TryComplete();
    }

    private async Task ResendAsync()
    {
        await Task.Delay(Pause, _session.Time).ConfigureAwait(false);
        lock (_gate)
        {
            _resending = false;
        }

        Resumed(0);
    }

    private bool TryTake(WorkerEvent entry)
    {
        lock (_gate)
        {
            ThrowIfFailed();
            if (!_events.Writer.TryWrite(entry))
            {
                return false;
            }

            // Counted as it goes in: a flush waits for what is in, and for nothing that is refused after all.
            _published++;
            return true;
        }
    }

    private Task StoredAsync()
    {
        lock (_gate)
        {
            ThrowIfFailed();
            if (_stored >= _published)
            {
                return Task.CompletedTask;
            }

            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _flushes.Add((_published, done));
            return done.Task;
        }
    }

    private void Start()
    {
        lock (_gate)
        {
            if (!_started)
            {
                _started = true;
                _ = RunAsync();
            }
        }
    }

    private async Task RunAsync()
    {
        while (await _events.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            // The lease's end returns the credits that its batches held, so this wait ends too.
            await _session.BatchCredits.TakeAsync().ConfigureAwait(false);
            var batch = new EventBatch { Resource = _lease.Resource, Token = _lease.Token };
            _session.BatchBounds.Fill(batch, _events.Reader);
            lock (_gate)
            {
                if (_failure is not null)
                {
                    _session.BatchCredits.Return();
                    return;
                }

                batch.BatchSequence = ++_sequence;
                _unacked.AddLast(batch);
                // Past the local deadline nothing is sent as holder: the clock is about to end the lease.
                if (_lease.Remaining > TimeSpan.Zero)
                {
                    _session.Stream?.Send(new() { EventBatch = batch });
                }
            }
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            throw failure;
        }
    }
}
