namespace Coordinator.Client.Connection;

/// <summary>Pauses between attempts: none before the first, then a random part of a bound that doubles (full jitter).</summary>
internal sealed class Backoff(TimeSpan longest)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private int _attempts;

    public TimeSpan Next()
    {
        if (_attempts++ == 0)
        {
            return TimeSpan.Zero;
        }

        var bound = Math.Min(longest.TotalMilliseconds, First.TotalMilliseconds * Math.Pow(2, Math.Min(_attempts, 16)));
        return TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * bound);
    }

    public void Reset() => _attempts = 0;
}
