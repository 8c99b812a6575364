using Coordinator.V1;
using Google.Protobuf;

namespace Coordinator.Client.Tails;

/// <summary>
/// The events of a script that wait for a frame: bounded in number and bytes, the oldest dropped first. They are offered to the stream when a frame
/// is full or the oldest has waited for long enough, and fetched when nothing else is to be written.
/// </summary>
/// <param name="script">Whose events they are.</param>
/// <param name="time">The clock.</param>
/// <param name="offer">Told that frames may be taken, on a thread of the pool and never on that of a caller.</param>
internal sealed class TraceQueue(string script, TimeProvider time, Action<ITraceSource> offer) : ITraceSource, IDisposable
{
    internal const int MostWaiting = 1_000;
    internal const int MostWaitingBytes = 1 << 20;
    internal const int FrameBytes = 256 << 10;
    internal static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _waiting = new();
    private ITimer? _timer;
    private Ripeness _ripeness;
    private bool _open;
    private int _bytes;
    private long _dropped;

    private enum Ripeness
    {
        /// <summary>Nothing waits.</summary>
        None,

        /// <summary>The first events of a frame wait for more.</summary>
        Waiting,

        /// <summary>A frame is full, and about to be offered.</summary>
        Full,

        /// <summary>Offered: whatever waits may be taken.</summary>
        Ripe,
    }

    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Somebody reads.</summary>
    public void Open()
    {
        lock (_gate)
        {
            _open = true;
        }
    }

    /// <summary>Nobody reads: what waits is dropped.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _open = false;
            Interlocked.Add(ref _dropped, _waiting.Count);
            _waiting.Clear();
            _bytes = 0;
            _ripeness = Ripeness.None;
        }
    }

    public void Add(byte[] message)
    {
        lock (_gate)
        {
            if (!_open || message.Length > MostWaitingBytes)
            {
                Interlocked.Increment(ref _dropped);
                return;
            }

            while (_waiting.Count >= MostWaiting || _bytes + message.Length > MostWaitingBytes)
            {
                _bytes -= _waiting.Dequeue().Length;
                Interlocked.Increment(ref _dropped);
            }

            _waiting.Enqueue(message);
            _bytes += message.Length;
            if (_ripeness == Ripeness.None)
            {
                _ripeness = Ripeness.Waiting;
                Arm(LongestWait);
            }

            if (_ripeness == Ripeness.Waiting && (_waiting.Count >= MostWaiting || _bytes >= FrameBytes))
            {
                _ripeness = Ripeness.Full;
                Arm(TimeSpan.Zero);
            }
        }
    }

    public ConnectRequest? Take()
    {
        lock (_gate)
        {
            if (_ripeness != Ripeness.Ripe)
            {
                return null;
            }

            var frame = new Traces { Script = script };
            for (var bytes = 0; _waiting.TryPeek(out var next) && (bytes == 0 || bytes + next.Length <= FrameBytes);)
            {
                bytes += next.Length;
                _bytes -= next.Length;
                frame.Events.Add(UnsafeByteOperations.UnsafeWrap(next));
                _waiting.Dequeue();
            }

            if (_waiting.Count == 0)
            {
                _ripeness = Ripeness.None;
            }

            return new() { Traces = frame };
        }
    }

    public void Lost(Traces frame) => Interlocked.Add(ref _dropped, frame.Events.Count);

    public void Dispose()
    {
        lock (_gate)
        {
            Close();
            _timer?.Dispose();
        }
    }

    private void Arm(TimeSpan after)
    {
        _timer ??= time.CreateTimer(_ => Offer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(after, Timeout.InfiniteTimeSpan);
    }

    private void Offer()
    {
        lock (_gate)
        {
            // What was armed for events that have been dropped since offers those that came after them, or nothing.
            if (_waiting.Count == 0)
            {
                return;
            }

            _ripeness = Ripeness.Ripe;
        }

        offer(this);
    }
}
