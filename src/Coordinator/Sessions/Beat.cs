using Coordinator.Leases;

namespace Coordinator.Sessions;

/// <summary>The renewals of one heartbeat on their way through the store, maybe in several calls that finish in any order.</summary>
internal sealed class Beat(long sequence, Renewal[] renewals, Action onFinished)
{
    private int _left = Math.Max(renewals.Length, 1);
    private Exception? _failure;

    public long Sequence => sequence;

    public Renewal[] Renewals => renewals;

    /// <summary>In the order of <see cref="Renewals"/>; whole once <see cref="IsFinished"/>.</summary>
    public RenewalResult[] Results { get; } = new RenewalResult[renewals.Length];

    /// <summary>How many of them are on their way.</summary>
    public int Taken { get; set; }

    /// <summary>Why some could not be asked for; null where all were.</summary>
    public Exception? Failure => _failure;

    public bool IsFinished => Volatile.Read(ref _left) == 0;

    /// <summary>So many more are done, or failed; with the last of them the beat is finished. A beat of none is by one call.</summary>
    public void Finish(int count, Exception? failure)
    {
        if (failure is not null)
        {
            Volatile.Write(ref _failure, failure);
        }

        if (Interlocked.Add(ref _left, -Math.Max(count, 1)) == 0)
        {
            onFinished();
        }
    }
}
