using Coordinator.Leases;
using System.Threading.Channels;

namespace Coordinator.Tails;

/// <summary>
/// Takes in what workers emit: judges it once for each tail of its script, and passes on what any of them wants, in one message whatever their
/// number. It never holds up a worker: where the store cannot keep up, traces are dropped.
/// </summary>
internal sealed class TraceIntake(TailRoster roster, ITraceChannel channel, TimeProvider time, ILogger<TraceIntake> log) : BackgroundService
{
    private const int MostWaiting = 1_000;

    // A batch may be of more than a MiB.
    private const long MostWaitingBytes = 32 << 20;

    // TryWrite says where it is full.
    private readonly Channel<(string Tenant, ReadOnlyMemory<byte> Batch)> _waiting = Channel.CreateBounded<(string, ReadOnlyMemory<byte>)>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private long _waitingBytes;

    /// <summary>Refuses an event that is not one; the others of its frame are passed on.</summary>
    public Refusal? Take(string tenant, string script, IReadOnlyList<ReadOnlyMemory<byte>> events)
    {
        var tails = roster.Of(tenant, script);
        Refusal? refused = null;
        var wanted = new List<(IReadOnlyList<int>, ReadOnlyMemory<byte>)>();
        for (var i = 0; i < events.Count; i++)
        {
            if (!TraceMessage.Parse(events[i], script, time.GetUtcNow()).Try(out var message, out var refusal))
            {
                refused ??= refusal with { Field = $"events[{i}]" };
                continue;
            }

            Judge(tails, message, wanted);
        }

        if (wanted.Count > 0)
        {
            Enqueue(tenant, new TraceBatch([.. tails.Select(tail => tail.Name)], wanted).Write());
        }

        return refused;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var away = false;
        try
        {
            await foreach (var (tenant, batch) in _waiting.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
            {
                try
                {
                    await channel.PublishAsync(tenant, batch, stoppingToken).ConfigureAwait(false);
                    away = false;
                }
                catch (StoreException dropped)
                {
                    if (!away)
                    {
                        Log.TracesDropped(log, dropped.Message);
                    }

                    away = true;
                }
                finally
                {
                    Interlocked.Add(ref _waitingBytes, -batch.Length);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops.
        }
    }

    // What finds no room is dropped.
    private void Enqueue(string tenant, ReadOnlyMemory<byte> batch)
    {
        if (Interlocked.Add(ref _waitingBytes, batch.Length) > MostWaitingBytes || !_waiting.Writer.TryWrite((tenant, batch)))
        {
            Interlocked.Add(ref _waitingBytes, -batch.Length);
        }
    }

    // A script's tails get the message; live tails get frames that are made of it.
    private static void Judge(IReadOnlyList<ActiveTail> tails, TraceMessage message, List<(IReadOnlyList<int>, ReadOnlyMemory<byte>)> wanted)
    {
        Want(tails, tail => tail.Filters?.Matches(message) == true, message.Json, wanted);
        if (tails.Any(tail => tail.Live is not null))
        {
            foreach (var frame in LiveShape.Frames(message, Guid.NewGuid().ToString("N")))
            {
                Want(tails, tail => tail.Live?.Matches(frame) == true, frame.Json, wanted);
            }
        }
    }

    // Filters first, then the share.
    private static void Want(
        IReadOnlyList<ActiveTail> tails, Func<ActiveTail, bool> matches, ReadOnlyMemory<byte> json, List<(IReadOnlyList<int>, ReadOnlyMemory<byte>)> wanted)
    {
        var places = new List<int>(tails.Count);
        for (var at = 0; at < tails.Count; at++)
        {
            if (matches(tails[at]) && (tails[at].SamplingRate >= 1 || Random.Shared.NextDouble() < tails[at].SamplingRate))
            {
                places.Add(at);
            }
        }

        if (places.Count > 0)
        {
            wanted.Add((places, json));
        }
    }
}
