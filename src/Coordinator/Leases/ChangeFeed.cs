using Microsoft.Extensions.Hosting;
using System.Threading.Channels;

namespace Coordinator.Leases;

/// <summary>
/// The one reader of all partitions' changes in this process. Hints wake it, a poll makes up for the hints that never came; whoever
/// follows is told every change in the order of its partition.
/// </summary>
internal sealed class ChangeFeed(ILeaseStore store, TimeProvider time, ILogger<ChangeFeed> log) : BackgroundService
{
    private const int PageSize = 500;
    private const int KeptPerPartition = 256;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly Channel<int> _hints = Channel.CreateBounded<int>(
        new BoundedChannelOptions(4 * ResourceKey.Partitions) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly long[] _positions = new long[ResourceKey.Partitions];
    private readonly Queue<LeaseChange>[] _recent = [.. Enumerable.Range(0, ResourceKey.Partitions).Select(_ => new Queue<LeaseChange>())];
    private readonly Lock _gate = new();
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private event Action<LeaseChange>? Changed;

    /// <summary>Calls back with every change from now on, one at a time for each partition; the callback must not block.</summary>
    public IDisposable Subscribe(Action<LeaseChange> changed)
    {
        Changed += changed;
        return new Subscription(() => Changed -= changed);
    }

    /// <summary>Completes when a position moves, also where it moved without a change. Take it before reading, so that nothing slips between.</summary>
    public Task NextMove
    {
        get
        {
            lock (_gate)
            {
                return _moved.Task;
            }
        }
    }

    /// <summary>The position up to which this process has read a partition.</summary>
    public long Position(int partition)
    {
        lock (_gate)
        {
            return _positions[partition];
        }
    }

    /// <summary>The changes of a partition after a position: what is kept here, else the store's.</summary>
    public async ValueTask<Outcome<IReadOnlyList<LeaseChange>>> ReadAfterAsync(int partition, long after, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_recent[partition].TryPeek(out var oldest) && oldest.Position <= after + 1 && after <= _positions[partition])
            {
                return _recent[partition].Where(change => change.Position > after).ToArray();
            }
        }

        return await store.ReadChangesAsync(partition, after, PageSize, cancellation).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var hints = store.OnChanged(partition => _hints.Writer.TryWrite(partition));
        var (known, away) = (false, false);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!known)
                {
                    Begin(await store.ReadPositionsAsync(stoppingToken).ConfigureAwait(false));
                    known = true;
                }

                foreach (var partition in await WokenAsync(stoppingToken).ConfigureAwait(false))
                {
                    await CatchUpAsync(partition, stoppingToken).ConfigureAwait(false);
                }

                away = false;
            }
            catch (StoreException failure)
            {
                if (!away)
                {
                    Log.FeedWaits(log, failure.Message);
                }

                away = true;
                await Task.Delay(Poll, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    // The partitions that hints named; after a second without any, those whose position moved unheard.
    private async Task<IReadOnlyCollection<int>> WokenAsync(CancellationToken cancellation)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var poll = Task.Delay(Poll, time, waiting.Token);
        var heard = _hints.Reader.WaitToReadAsync(waiting.Token).AsTask();
        var first = await Task.WhenAny(poll, heard).ConfigureAwait(false);
        await waiting.CancelAsync().ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        if (first == heard)
        {
            var woken = new HashSet<int>();
            while (_hints.Reader.TryRead(out var partition))
            {
                woken.Add(partition);
            }

            return woken;
        }

        var positions = await store.ReadPositionsAsync(cancellation).ConfigureAwait(false);
        return [.. Enumerable.Range(0, positions.Length).Where(partition => positions[partition] != _positions[partition])];
    }

    private async Task CatchUpAsync(int partition, CancellationToken cancellation)
    {
        while (true)
        {
            var outcome = await store.ReadChangesAsync(partition, _positions[partition], PageSize, cancellation).ConfigureAwait(false);
            if (!outcome.Try(out var changes, out var refusal))
            {
                // The partition was emptied, or ran away while this process slept: begin again from where it is now.
                Log.FeedSkips(log, partition, refusal.Message);
                var now = (await store.ReadPositionsAsync(cancellation).ConfigureAwait(false))[partition];
                Move(partition, now, []);
                return;
            }

            if (changes.Count == 0)
            {
                return;
            }

            Move(partition, changes[^1].Position, changes);
        }
    }

    // Whoever watches from an earlier position than the first one read here must look again: changes lie between.
    private void Begin(long[] positions)
    {
        for (var partition = 0; partition < positions.Length; partition++)
        {
            Move(partition, positions[partition], []);
        }
    }

    // Without changes: the position jumped, and what is kept no longer leads up to it.
    private void Move(int partition, long position, IReadOnlyList<LeaseChange> changes)
    {
        TaskCompletionSource moved;
        lock (_gate)
        {
            var recent = _recent[partition];
            if (changes.Count == 0)
            {
                recent.Clear();
            }

            foreach (var change in changes)
            {
                recent.Enqueue(change);
                if (recent.Count > KeptPerPartition)
                {
                    recent.Dequeue();
                }
            }

            _positions[partition] = position;
            moved = _moved;
            _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        foreach (var change in changes)
        {
            Changed?.Invoke(change);
        }

        moved.SetResult();
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
