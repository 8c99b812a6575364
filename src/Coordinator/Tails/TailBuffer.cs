using System.ComponentModel.DataAnnotations;

namespace Coordinator.Tails;

/// <summary>
/// What waits for the one reader of a tail: bounded, and never a reason for a producer to wait. Frames come out in the order in which they
/// were offered, once, numbered without gaps.
/// </summary>
/// <remarks>
/// A reader that does not keep up is sampled. When a frame finds no room, a notice of overload is put behind what waits, so that the reader
/// meets it at the latest after all that the buffer holds. From then on a frame is taken surely while the buffer is less than half full, and
/// the more seldom the fuller it is. Sampling ends, with a notice of how many were dropped, once the reader has taken everything and nothing
/// was dropped for a while.
/// A reader that waits is woken at once by what comes after a pause, and else when it has gathered for a while: what comes meanwhile shares
/// one response, because many readers that wake for every event take the processor from the acks of its worker.
/// </remarks>
internal sealed class TailBuffer : IDisposable
{
    // A buffer that is so full is not left to fill further.
    private const int PressingShare = 8;

    private readonly Lock _gate = new();
    private readonly Queue<ReadOnlyMemory<byte>> _frames = new();
    private readonly TailBufferOptions _options;
    private readonly TailNotices _notices;
    private readonly TimeProvider _time;
    private readonly Func<TimeSpan> _gather;
    private readonly Func<double> _random;
    private readonly ITimer _timer;
    private TaskCompletionSource? _waiting;
    private long _next;
    private int _bytes;
    private long _lastDrop;
    private (long At, TimeSpan Gather)? _lastTake;
    private bool _gathering;
    private bool _closed;

    /// <param name="after">The number before that of the first frame.</param>
    /// <param name="gather">How long from a read what comes next may wait for more.</param>
    /// <param name="random">At least 0 and less than 1; not called by two threads at once.</param>
    /// <exception cref="ValidationException">An option is out of its range.</exception>
    public TailBuffer(TailBufferOptions options, TailNotices notices, long after, TimeProvider time, Func<TimeSpan> gather, Func<double> random)
    {
        Validator.ValidateObject(options, new(options), validateAllProperties: true);
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        (_options, _notices, _time, _gather, _random, _next) = (options, notices, time, gather, random, after + 1);
        _timer = time.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether it drops, or did within <see cref="TailBufferOptions.Quiet"/>.</summary>
    public bool Overloaded { get; private set; }

    /// <summary>How many frames were dropped since sampling began; 0 before and after it.</summary>
    public long Dropped { get; private set; }

    /// <summary>Takes what the reader is to have of these; gives how many. The others are dropped, or come after the end.</summary>
    /// <param name="frames">Kept as they are: they must not change later.</param>
    public int Offer(IReadOnlyList<ReadOnlyMemory<byte>> frames)
    {
        lock (_gate)
        {
            return frames.Count(Admit);
        }
    }

    /// <summary>Waits until there are frames; null once it is closed.</summary>
    /// <param name="most">How many at once: 1 or more.</param>
    /// <exception cref="InvalidOperationException">Another read waits.</exception>
    public async ValueTask<TailBatch?> ReadAsync(int most, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            Task ready;
            lock (_gate)
            {
                if (_frames.Count > 0)
                {
                    return Take(most);
                }

                if (_closed)
                {
                    return null;
                }

                if (_waiting is not null)
                {
                    throw new InvalidOperationException("A tail has one reader, and it reads once at a time.");
                }

                _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
                ready = _waiting.Task;
            }

            try
            {
                await ready.WaitAsync(cancellation).ConfigureAwait(false);
            }
            finally
            {
                lock (_gate)
                {
                    _waiting = null;
                }
            }
        }
    }

    /// <summary>Takes nothing more.</summary>
    /// <param name="discard">What waits is not read either: the tail is over. Else it is read to its end.</param>
    public void Close(bool discard)
    {
        lock (_gate)
        {
            _closed = true;
            if (discard)
            {
                _frames.Clear();
                _bytes = 0;
            }

            _waiting?.TrySetResult();
        }

        _timer.Dispose();
    }

    /// <summary>Closes it and discards what waits.</summary>
    public void Dispose() => Close(discard: true);

    private bool Admit(ReadOnlyMemory<byte> frame)
    {
        if (_closed)
        {
            return false;
        }

        if (HasRoom(frame.Length))
        {
            Add(frame);
            return true;
        }

        if (!Overloaded)
        {
            // Beyond the bounds by this one notice, which there is once a time of sampling.
            Overloaded = true;
            Add(_notices.Overload());
        }

        (Dropped, _lastDrop) = (Dropped + 1, _time.GetTimestamp());
        return false;
    }

    private bool HasRoom(int length)
    {
        if (_frames.Count >= _options.MostFrames || _bytes + length > _options.MostBytes)
        {
            return false;
        }

        // Certain up to half, never at the end: 2 - 2 × fullness.
        var fullness = Math.Max((double)_frames.Count / _options.MostFrames, (double)_bytes / _options.MostBytes);
        return !Overloaded || fullness < 0.5 || _random() < 2 - (2 * fullness);
    }

    private void Add(ReadOnlyMemory<byte> frame)
    {
        _frames.Enqueue(frame);
        _bytes += frame.Length;
        Wake();
    }

    private void Wake()
    {
        if (_waiting is null)
        {
            return;
        }

        var left = _lastTake is { } last ? last.Gather - _time.GetElapsedTime(last.At) : TimeSpan.Zero;
        if (left <= TimeSpan.Zero || _frames.Count >= _options.MostFrames / PressingShare || _bytes >= _options.MostBytes / PressingShare)
        {
            _waiting.TrySetResult();
        }
        else if (!_gathering)
        {
            _gathering = _timer.Change(left, Timeout.InfiniteTimeSpan);
        }
    }

    private TailBatch Take(int most)
    {
        var frames = new List<ReadOnlyMemory<byte>>(Math.Min(most, _frames.Count));
        while (frames.Count < most && _frames.TryDequeue(out var frame))
        {
            _bytes -= frame.Length;
            frames.Add(frame);
        }

        var first = _next;
        _next += frames.Count;
        (_lastTake, _gathering) = ((_time.GetTimestamp(), _gather()), false);
        Settle();
        return new(first, frames);
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            _gathering = false;
            Settle();
            if (_frames.Count > 0)
            {
                Wake();
            }
        }
    }

    // Asked whenever the reader may have caught up, and again when it has been quiet long enough.
    private void Settle()
    {
        if (!Overloaded || _closed || _frames.Count > 0)
        {
            return;
        }

        var left = _options.Quiet - _time.GetElapsedTime(_lastDrop);
        if (left > TimeSpan.Zero)
        {
            _timer.Change(left, Timeout.InfiniteTimeSpan);
            return;
        }

        Add(_notices.OverloadStop(Dropped));
        (Overloaded, Dropped) = (false, 0);
    }
}
