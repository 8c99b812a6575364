using System.Collections.Concurrent;

namespace Coordinator.Client;

/// <summary>
/// Cancels tokens, and with them runs the callbacks that users registered: on a thread kept for that, because the thread pool may be busy for
/// longer than a deadline is away, and on the pool too, because a callback may block that thread. Whichever comes first takes the next token.
/// </summary>
internal static class Callbacks
{
    private static readonly BlockingCollection<CancellationTokenSource> Waiting = [];

    static Callbacks() => new Thread(() =>
    {
        foreach (var source in Waiting.GetConsumingEnumerable())
        {
            Cancel(source);
        }
    })
    { IsBackground = true, Name = "lease callbacks" }.Start();

    /// <summary>Returns at once. What a callback throws is an unobserved exception of a task, and stops no other.</summary>
    public static void Run(CancellationTokenSource source)
    {
        Waiting.Add(source);
        ThreadPool.UnsafeQueueUserWorkItem(
            static _ =>
            {
                if (Waiting.TryTake(out var next))
                {
                    Cancel(next);
                }
            },
            null);
    }

    private static void Cancel(CancellationTokenSource source) => new Task(source.Cancel).RunSynchronously(TaskScheduler.Default);
}
