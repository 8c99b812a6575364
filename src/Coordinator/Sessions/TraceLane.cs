using Coordinator.Leases;
using Coordinator.Tails;
using System.Collections.Concurrent;

namespace Coordinator.Sessions;

/// <summary>
/// What one session's worker emits, judged in its order and beside its stream, so that a heartbeat does not wait until a hundred tails have
/// been asked. Nothing is dropped here, because filters come before any bound: where too much waits, the stream waits.
/// </summary>
internal sealed class TraceLane(WorkerSession session, TraceIntake intake, Action<Refusal> refuse)
{
    // Frames, each of at most a MiB.
    private const int MostWaiting = 8;

    private readonly Lock _judging = new();
    private readonly ConcurrentQueue<(Following Followed, IReadOnlyList<ReadOnlyMemory<byte>> Events)> _frames = new();
    private int _waiting;

    public void Add(Following followed, IReadOnlyList<ReadOnlyMemory<byte>> events)
    {
        _frames.Enqueue((followed, events));
        var waiting = Interlocked.Increment(ref _waiting);
        if (waiting == 1)
        {
            session.Track(Task.Run(JudgeAll));
        }
        else if (waiting > MostWaiting)
        {
            JudgeAll();
        }
    }

    private void JudgeAll()
    {
        try
        {
            lock (_judging)
            {
                while (_frames.TryDequeue(out var frame))
                {
                    // Those who read it now: whoever left while it waited is not asked any more.
                    if (intake.Take(session.Tenant, frame.Followed.Script, frame.Followed.Audience, frame.Events) is { } refusal)
                    {
                        refuse(refusal);
                    }

                    // Only now: whoever comes before this sees that somebody is here, and whoever comes after it starts anew.
                    Interlocked.Decrement(ref _waiting);
                }
            }
        }
        catch (Exception fault)
        {
            session.Break(fault);
        }
    }
}
