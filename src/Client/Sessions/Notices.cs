using System.Collections.Concurrent;

namespace Coordinator.Client.Sessions;

/// <summary>Tells a session's user what happens to it: one notice after the other, on the pool, so that nothing of the session waits for them.</summary>
internal sealed class Notices(Action<SessionNotice>? told) : IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<SessionNotice> _waiting = new();
    private int _untold;

    public void Tell(SessionNotice notice)
    {
        if (told is null)
        {
            return;
        }

        _waiting.Enqueue(notice);
        if (Interlocked.Increment(ref _untold) == 1)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            // One is there for each that is untold.
            _ = _waiting.TryDequeue(out var notice);
            told!(notice!);
        }
        while (Interlocked.Decrement(ref _untold) > 0);
    }
}
