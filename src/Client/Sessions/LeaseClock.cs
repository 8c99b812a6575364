namespace Coordinator.Client.Sessions;

/// <summary>
/// The thread that watches over a session's leases: it ends each at its local deadline, and only then sends what is due. A thread of its
/// own, so that neither a hanging call nor a busy thread pool delays it.
/// </summary>
internal sealed class LeaseClock : IDisposable
{
    // Also how late a suspended machine notices that it was.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(200);
    private readonly object _gate = new();
    private readonly Func<TimeSpan> _tick;
    private readonly Thread _thread;
    private bool _stopped;
    private bool _woken;

    /// <param name="name">Names the thread.</param>
    /// <param name="tick">Does what is due; gives the time until it must be called again. Must not block.</param>
    public LeaseClock(string name, Func<TimeSpan> tick)
    {
        _tick = tick;
        _thread = new(Run) { IsBackground = true, Name = name, Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>Something is due earlier than it was.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _woken = true;
            Monitor.Pulse(_gate);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.Pulse(_gate);
        }

        if (Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        while (true)
        {
            var next = _tick();
            lock (_gate)
            {
                if (!_stopped && !_woken && next > TimeSpan.Zero)
                {
                    Monitor.Wait(_gate, next < LongestWait ? next : LongestWait);
                }

                if (_stopped)
                {
                    return;
                }

                _woken = false;
            }
        }
    }
}
