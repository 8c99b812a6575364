using System.Diagnostics;

namespace Coordinator.Testing;

/// <summary>
/// Notices when the machine itself stood: a thread that asks to be woken every few milliseconds, and notes how late it was. A bound on
/// time says something about the program only where the machine ran.
/// </summary>
public sealed class StallMeter : IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(5);
    private readonly ManualResetEventSlim _stopping = new();
    private readonly Lock _gate = new();
    private readonly List<(long From, long To)> _stalls = [];
    private readonly TimeSpan _atLeast;
    private readonly Thread _thread;

    /// <param name="atLeast">How late a waking must be to count.</param>
    public StallMeter(TimeSpan atLeast)
    {
        _atLeast = atLeast;
        _thread = new(Run) { IsBackground = true, Name = "stall meter", Priority = ThreadPriority.Highest };
        _thread.Start();
    }

    /// <summary>Whether the machine stood at any time since the timestamp (<see cref="Stopwatch.GetTimestamp"/>).</summary>
    public bool StalledSince(long from)
    {
        lock (_gate)
        {
            return _stalls.Exists(stall => stall.To >= from);
        }
    }

    public void Dispose()
    {
        _stopping.Set();
        _thread.Join();
        _stopping.Dispose();
    }

    private void Run()
    {
        var last = Stopwatch.GetTimestamp();
        while (!_stopping.Wait(Beat))
        {
            var now = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(last, now) - Beat > _atLeast)
            {
                lock (_gate)
                {
                    _stalls.Add((last, now));
                }
            }

            last = now;
        }
    }
}
