using Coordinator.Leases;
using Coordinator.Records;

namespace Coordinator.Tails;

/// <summary>Why a reader is sent nothing more, as a WebSocket says it.</summary>
internal sealed record TailEnd(int Code, string Reason)
{
    public static readonly TailEnd Deleted = new(1000, "tail deleted");
    public static readonly TailEnd Stopping = new(1012, "this coordinator stops");
    public static readonly TailEnd Expired = new(4000, "tail expired");
    public static readonly TailEnd LiveExpired = new(4000, "live tail expired");
    public static readonly TailEnd Replaced = new(4001, "another reader has come");

    public static TailEnd Of(EndReason reason, bool live) => reason switch
    {
        EndReason.Expired => live ? LiveExpired : Expired,
        EndReason.Superseded => Replaced,
        _ => Deleted,
    };
}

/// <summary>One reader of a tail: what it is sent, in order, until the tail is over.</summary>
internal sealed class TailReader(Record tail, string id, TailBuffer buffer, Action<TailReader> leave) : IDisposable
{
    private readonly TaskCompletionSource<TailEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>As it was when this reader came.</summary>
    public Record Tail => tail;

    public string Id => id;

    public bool IsLive { get; } = TailDesk.IsLive(tail);

    public long Token => tail.Lease!.Token;

    public TailBuffer Buffer => buffer;

    /// <summary>Completes when the tail is over for this reader.</summary>
    public Task<TailEnd> Ended => _ended.Task;

    public void End(TailEnd end)
    {
        if (_ended.TrySetResult(end))
        {
            // A tail that is over delivers nothing more; one that only moves to another coordinator gives what it has.
            buffer.Close(discard: end != TailEnd.Stopping);
        }
    }

    /// <summary>What this tail takes, as its reader is sent it.</summary>
    public void Hear(IReadOnlyList<ReadOnlyMemory<byte>> frames) => buffer.Offer(frames);

    public void Dispose()
    {
        leave(this);
        buffer.Dispose();
    }
}
