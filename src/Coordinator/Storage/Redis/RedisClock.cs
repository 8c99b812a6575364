namespace Coordinator.Storage.Redis;

/// <summary>
/// What Redis's clock reads at least, from its last reply and the time since on this machine's monotonic clock. It errs
/// early, never late, so that a command is inert after its <c>not_after</c>.
/// </summary>
internal sealed class RedisClock(TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(20);
    private Reading? _last;

    private sealed record Reading(long NowMicroseconds, long ReceivedAt);

    /// <summary>Takes the time from a reply; skipped while a very recent reading stands.</summary>
    public void Observe(long nowMicroseconds, bool always = false)
    {
        if (always || _last is not { } last || time.GetElapsedTime(last.ReceivedAt) > Fresh)
        {
            _last = new(nowMicroseconds, time.GetTimestamp());
        }
    }

    /// <summary>Another server, or the same after a break: its clock is not the one that was read.</summary>
    public void Discard() => _last = null;

    /// <summary>The instant on Redis's clock, in µs, that is surely not later than now plus the budget; null before any reading.</summary>
    public long? NotAfter(TimeSpan budget) =>
        _last is { } last ? last.NowMicroseconds + (long)(time.GetElapsedTime(last.ReceivedAt) + budget).TotalMicroseconds : null;
}
