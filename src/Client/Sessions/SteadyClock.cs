namespace Coordinator.Client.Sessions;

/// <summary>
/// Time since the start that never runs behind: the monotonic clock, put forward where wall time ran ahead of it, as it does when
/// the machine was suspended and the monotonic clock stood.
/// </summary>
internal sealed class SteadyClock(TimeProvider time)
{
    private static readonly TimeSpan Noise = TimeSpan.FromMilliseconds(250);
    private readonly long _start = time.GetTimestamp();
    private readonly DateTimeOffset _wallStart = time.GetUtcNow();
    private readonly Lock _gate = new();
    private TimeSpan _ahead;

    public TimeSpan Now
    {
        get
        {
            var monotonic = time.GetElapsedTime(_start);
            var drift = time.GetUtcNow() - _wallStart - monotonic;
            lock (_gate)
            {
                if (drift > _ahead + Noise)
                {
                    _ahead = drift;
                }

                return monotonic + _ahead;
            }
        }
    }
}
