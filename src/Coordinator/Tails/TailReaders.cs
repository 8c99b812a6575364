using Coordinator.Leases;
using Coordinator.Records;
using Microsoft.Extensions.Options;
using System.Collections.Concurrent;

namespace Coordinator.Tails;

/// <summary>The readers of this process: each takes its tail, keeps it while it reads, and is told the moment that it is over.</summary>
internal sealed class TailReaders : IDisposable
{
    private static readonly TimeSpan LongestGather = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<(string Tenant, string Tail), TailReader> _readers = new();
    private readonly ConcurrentDictionary<string, Ear> _ears = new();
    private readonly (TailDesk Desk, ITraceChannel Channel, TimeProvider Time) _parts;
    private readonly TailOptions _options;
    private readonly TailBufferOptions _buffer;
    private readonly ILogger _log;
    private readonly IDisposable _changes;
    private readonly long _began;

    public TailReaders(
        TailDesk desk, ITraceChannel channel, ChangeFeed feed, IOptions<TailOptions> options, IOptions<TailBufferOptions> buffer, TimeProvider time,
        ILogger<TailReaders> log)
    {
        (_parts, _options, _buffer, _log) = ((desk, channel, time), options.Value, buffer.Value, log);
        _began = time.GetTimestamp();
        _changes = feed.Subscribe(OnChange);
    }

    /// <summary>Takes a tail for a new reader. Refuses with <see cref="RefusalKind.RecordNotFound"/>.</summary>
    /// <param name="after">The number of the last event that the reader has seen.</param>
    public async ValueTask<Outcome<TailReader>> AttachAsync(TailKey key, long after, CancellationToken cancellation)
    {
        if (await _parts.Desk.FindAsync(key, cancellation).ConfigureAwait(false) is not { } tail)
        {
            return Refusals.Absent(key.Resource);
        }

        // It listens before it takes, so that nothing is missed in between.
        var ear = await ListenAsync(key.Tenant).ConfigureAwait(false);
        try
        {
            var id = Guid.NewGuid().ToString("N");
            if (!(await _parts.Desk.TakeAsync(tail, id, cancellation).ConfigureAwait(false)).Try(out var taken, out _))
            {
                ear.Leave();
                return Refusals.Absent(key.Resource);
            }

            var notices = new TailNotices(taken.Text(TailFields.Script) ?? "", TailDesk.IsLive(taken), _parts.Time);
            var buffer = new TailBuffer(_buffer, notices, after, _parts.Time, Gather, Random.Shared.NextDouble);
            var reader = new TailReader(taken, id, buffer, Remove);
            if (_readers.TryGetValue(Place(reader), out var before))
            {
                before.End(TailEnd.Replaced);
            }

            _readers[Place(reader)] = reader;
            return reader;
        }
        catch
        {
            ear.Leave();
            throw;
        }
    }

    /// <summary>Keeps the tail of a reader for as long as it reads; ends it where it cannot be kept.</summary>
    public async Task KeepAsync(TailReader reader, CancellationToken cancellation)
    {
        var life = reader.IsLive ? Timeout.InfiniteTimeSpan : _parts.Desk.LifeLeft(reader.Tail);
        var began = _parts.Time.GetTimestamp();
        while (!reader.Ended.IsCompleted)
        {
            var left = reader.IsLive ? TimeSpan.MaxValue : life - _parts.Time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                // First for everybody: who is told that it is over must not find it open elsewhere.
                await ExpireAsync(reader, cancellation).ConfigureAwait(false);
                reader.End(TailEnd.Expired);
                return;
            }

            var pause = _options.ReaderGrace / 3;
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(reader.Ended, Task.Delay(left < pause ? left : pause, _parts.Time, waiting.Token)).ConfigureAwait(false);
            await waiting.CancelAsync().ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            await LookAsync(reader, cancellation).ConfigureAwait(false);
        }
    }

    public void Dispose() => _changes.Dispose();

    // A script's tail is renewed; a live one is only looked at: its own heartbeats renew it.
    private async ValueTask LookAsync(TailReader reader, CancellationToken cancellation)
    {
        if (reader.Ended.IsCompleted)
        {
            return;
        }

        try
        {
            if (reader.IsLive)
            {
                await CheckLiveAsync(reader, cancellation).ConfigureAwait(false);
            }
            else if ((await _parts.Desk.KeepAsync(reader.Tail.Resource, reader.Token, cancellation).ConfigureAwait(false)).Refusal is { } refusal)
            {
                reader.End(refusal.Lost is { } lost ? TailEnd.Of(lost.Reason, live: false) : TailEnd.Deleted);
            }
        }
        catch (StoreException away)
        {
            // The tail lives longer than the pause between two looks.
            Log.TailNotKept(_log, reader.Tail.Resource.Name, away.Message);
        }
    }

    private async ValueTask CheckLiveAsync(TailReader reader, CancellationToken cancellation)
    {
        var outcome = await _parts.Desk.GetAsync(reader.Tail.Resource, cancellation).ConfigureAwait(false);
        if (outcome.Value?.Lease is null)
        {
            reader.End(TailEnd.LiveExpired);
        }
        else if (outcome.Value.Text(TailFields.Reader) != reader.Id)
        {
            reader.End(TailEnd.Replaced);
        }
    }

    private async ValueTask ExpireAsync(TailReader reader, CancellationToken cancellation)
    {
        try
        {
            await _parts.Desk.ExpireAsync(reader.Tail.Resource, reader.Token, cancellation).ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // Without a reader its lease runs out by itself.
        }
    }

    private void OnChange(LeaseChange change)
    {
        if (!_readers.TryGetValue((change.Tenant, change.Resource), out var reader) || change.Token != reader.Token)
        {
            return;
        }

        if (change.Reason is { } reason)
        {
            reader.End(TailEnd.Of(reason, reader.IsLive));
        }
        else if (change.IsControl && reader.IsLive)
        {
            _ = LookAsync(reader, CancellationToken.None).AsTask();
        }
    }

    private void OnBatch(string tenant, ReadOnlyMemory<byte> bytes)
    {
        if (TraceBatch.Read(bytes) is not { } batch)
        {
            return;
        }

        foreach (var (tail, events) in batch.Tails.Zip(batch.PerTail()))
        {
            if (events.Count > 0 && _readers.TryGetValue((tenant, tail), out var reader))
            {
                reader.Hear(events);
            }
        }
    }

    // The more readers, the longer; and all until the same moment, because what happens a hundred times a second is met by more heartbeats
    // than what happens once.
    private TimeSpan Gather()
    {
        var share = _options.Share(_readers.Count, LongestGather).Ticks;
        return TimeSpan.FromTicks(share - (_parts.Time.GetElapsedTime(_began).Ticks % share));
    }

    private async ValueTask<Ear> ListenAsync(string tenant)
    {
        while (true)
        {
            var ear = _ears.GetOrAdd(tenant, _ => new(
                () => _parts.Channel.ListenAsync(tenant, bytes => OnBatch(tenant, bytes), CancellationToken.None).AsTask(),
                () => _ears.TryRemove(tenant, out var _)));
            if (ear.Enter() is not { } listening)
            {
                continue;
            }

            try
            {
                await listening.ConfigureAwait(false);
                return ear;
            }
            catch
            {
                ear.Leave();
                throw;
            }
        }
    }

    private void Remove(TailReader reader)
    {
        _readers.TryRemove(new(Place(reader), reader));
        if (_ears.TryGetValue(reader.Tail.Resource.Tenant, out var ear))
        {
            ear.Leave();
        }
    }

    private static (string, string) Place(TailReader reader) => (reader.Tail.Resource.Tenant, reader.Tail.Resource.Name);
}
