using Coordinator.Leases;
using Microsoft.Extensions.Options;

namespace Coordinator.Sessions;

/// <summary>
/// Gathers the renewals of all streams into few large calls. A call leaves as soon as a slot is free: under load batches grow by
/// themselves, without it nobody waits. Turns are taken in chunks, so that a stream with 10,000 leases does not hold up one with a
/// single lease.
/// </summary>
internal sealed class RenewalGatherer(ILeaseStore store, IOptions<SessionOptions> options) : IThreadPoolWorkItem
{
    private const int Turn = 64;

    private readonly Lock _gate = new();
    private readonly Queue<Beat> _waiting = new();
    private bool _called;
    private readonly Stack<Call> _free = new(Enumerable.Range(0, options.Value.RenewalCalls).Select(_ => new Call()));

    /// <summary>Renews each lease of the beat on its connection; it is told when all are done, in any case.</summary>
    public void Add(Beat beat)
    {
        if (beat.Renewals.Length == 0)
        {
            beat.Finish(0, null);
            return;
        }

        lock (_gate)
        {
            _waiting.Enqueue(beat);
            if (_called)
            {
                return;
            }

            _called = true;
        }

        // Behind what other streams have sent already, which is on its way through the same pool: it shares the call.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        lock (_gate)
        {
            _called = false;
        }

        Pump();
    }

    private void Pump()
    {
        while (true)
        {
            Call call;
            lock (_gate)
            {
                if (_waiting.Count == 0 || !_free.TryPop(out call!))
                {
                    return;
                }

                Fill(call);
            }

            _ = SendAsync(call);
        }
    }

    private void Fill(Call call)
    {
        while (call.Count < ILeaseStore.MaxRenewalsPerCall && _waiting.TryDequeue(out var beat))
        {
            var count = Math.Min(Math.Min(Turn, beat.Renewals.Length - beat.Taken), ILeaseStore.MaxRenewalsPerCall - call.Count);
            beat.Renewals.AsSpan(beat.Taken, count).CopyTo(call.Renewals.AsSpan(call.Count));
            call.Parts.Add((beat, beat.Taken, count));
            call.Count += count;
            beat.Taken += count;
            if (beat.Taken < beat.Renewals.Length)
            {
                _waiting.Enqueue(beat);
            }
        }
    }

    private async Task SendAsync(Call call)
    {
        Exception? failure = null;
        try
        {
            await store.RenewAsync(Guard.Connection, call.Renewals.AsMemory(0, call.Count), call.Results.AsMemory(0, call.Count), CancellationToken.None)
                .ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            // Handed to every beat that had a part in the call; nobody else waits for it.
            failure = fault;
        }

        var at = 0;
        var parts = call.Parts;
        foreach (var (beat, offset, count) in parts)
        {
            call.Results.AsSpan(at, count).CopyTo(beat.Results.AsSpan(offset));
            at += count;
        }

        // The slot is free before anybody is told, so that the next call is under way while answers are written.
        call.Parts = new(parts.Count);
        call.Count = 0;
        lock (_gate)
        {
            _free.Push(call);
        }

        Pump();
        foreach (var (beat, _, count) in parts)
        {
            beat.Finish(count, failure);
        }
    }

    private sealed class Call
    {
        public Renewal[] Renewals { get; } = new Renewal[ILeaseStore.MaxRenewalsPerCall];

        public RenewalResult[] Results { get; } = new RenewalResult[ILeaseStore.MaxRenewalsPerCall];

        public List<(Beat Beat, int Offset, int Count)> Parts { get; set; } = [];

        public int Count { get; set; }
    }
}
