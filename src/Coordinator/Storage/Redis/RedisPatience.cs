namespace Coordinator.Storage.Redis;

/// <summary>How long an answer is waited for.</summary>
internal static class RedisPatience
{
    // Of a command that is to be sent and its answer, what is written and what is read waits for a thread again and again.
    private const int Hops = 5;

    // Where a thread is free at once, nothing that came is left to be read.
    private static readonly TimeSpan Free = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LeastGrace = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// The answer, where it comes in time; else <see cref="TimeoutException"/>. A timer is served before all that waits for a free thread:
    /// where this process is busier than the server, the answer is there and nobody was free to read it. So when the time is over the answer
    /// has as long again as its way through the process takes at that moment, and once more while that is long; five times the time in all.
    /// </summary>
    public static async Task<T> WithinAsync<T>(Task<T> asked, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var (grace, busy) = (timeout, true);
        while (true)
        {
            try
            {
                return await asked.WaitAsync(grace, time, cancellation).ConfigureAwait(false);
            }
            catch (TimeoutException) when (asked.IsCompleted || (busy && time.GetElapsedTime(began) < timeout * 5))
            {
                if (asked.IsCompleted)
                {
                    return await asked.ConfigureAwait(false);
                }

                var over = time.GetTimestamp();
                await Task.Yield();
                var hop = time.GetElapsedTime(over);
                (grace, busy) = (hop * Hops > LeastGrace ? hop * Hops : LeastGrace, hop > Free);
            }
        }
    }
}
