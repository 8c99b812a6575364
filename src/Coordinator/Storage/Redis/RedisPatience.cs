namespace Coordinator.Storage.Redis;

/// <summary>How long an answer is waited for.</summary>
internal static class RedisPatience
{
    // Of an answer that has come, its socket, its bytes and its message each wait for a thread.
    private const int Hops = 3;

    private static readonly TimeSpan LeastGrace = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// The answer, where it comes in time; else <see cref="TimeoutException"/>. A timer is served before all that waits for a free thread:
    /// where this process is busier than the server, the answer is there and nobody was free to read it. So whatever waits for a thread
    /// when the time is over goes first, and the answer has as long as that takes for each hop of its way.
    /// </summary>
    public static async Task<T> WithinAsync<T>(Task<T> asked, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            return await asked.WaitAsync(timeout, time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            var over = time.GetTimestamp();
            await Task.Yield();
            var grace = time.GetElapsedTime(over) * Hops;
            return await asked.WaitAsync(grace > LeastGrace ? grace : LeastGrace, time, cancellation).ConfigureAwait(false);
        }
    }
}
