using Coordinator.Leases;
using Coordinator.Tails;
using System.Collections.Concurrent;

namespace Coordinator.Sessions;

/// <summary>
/// What one session's worker emits, judged in its order and beside its stream, so that a heartbeat does not wait until a hundred tails have
/// been asked; the more tails, the more of it is gathered first. Nothing is dropped here, because filters come before any bound: where too
/// much waits, the stream waits.
/// </summary>
internal sealed class TraceLane
{
    // Bytes, and what judging an event costs whatever its size.
    private const long MostWaiting = 2 << 20;
    private const long Pressing = 256 << 10;
    private const long PerEvent = 1 << 10;

    private readonly WorkerSession _session;
    private readonly TraceIntake _intake;
    private readonly TimeProvider _time;
    private readonly Action<Refusal> _refuse;
    private readonly ITimer _timer;
    private readonly Lock _judging = new();
    private readonly ConcurrentQueue<ShippedFrame> _frames = new();
    private long _waiting;
    private long _judgedAt;

    public TraceLane(WorkerSession session, TraceIntake intake, TimeProvider time, Action<Refusal> refuse)
    {
        (_session, _intake, _time, _refuse) = (session, intake, time, refuse);
        _judgedAt = time.GetTimestamp();
        _timer = time.CreateTimer(_ => JudgeAll(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Not called by two threads at once.</summary>
    public void Add(ShippedFrame frame)
    {
        var weight = Weight(frame);
        _frames.Enqueue(frame);
        var waiting = Interlocked.Add(ref _waiting, weight);
        if (waiting > MostWaiting)
        {
            JudgeAll();
        }
        else if (waiting >= Pressing && waiting - weight < Pressing)
        {
            JudgeAfter(TimeSpan.Zero);
        }
        else if (waiting == weight)
        {
            JudgeAfter(_intake.Gather(frame.Followed.Audience) - _time.GetElapsedTime(Volatile.Read(ref _judgedAt)));
        }
    }

    /// <summary>Judges what is left; nothing more comes.</summary>
    public void Complete()
    {
        _timer.Dispose();
        JudgeAll();
    }

    private void JudgeAfter(TimeSpan pause)
    {
        if (pause > TimeSpan.Zero)
        {
            _timer.Change(pause, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _session.Track(Task.Run(JudgeAll));
        }
    }

    private void JudgeAll()
    {
        try
        {
            lock (_judging)
            {
                while (!_frames.IsEmpty)
                {
                    var frames = new List<ShippedFrame>();
                    while (_frames.TryDequeue(out var frame))
                    {
                        frames.Add(frame);
                    }

                    _intake.Take(_session.Tenant, frames, _refuse);
                    Volatile.Write(ref _judgedAt, _time.GetTimestamp());
                    // Only now: whoever comes before this sees that somebody is here, and whoever comes after it starts anew.
                    Interlocked.Add(ref _waiting, -frames.Sum(Weight));
                }
            }
        }
        catch (Exception fault)
        {
            _session.Break(fault);
        }
    }

    private static long Weight(ShippedFrame frame) => frame.Bytes + (frame.Events.Count * PerEvent);
}
