using Coordinator.Leases;
using System.Threading.Channels;

namespace Coordinator.Tails;

/// <summary>
/// Takes in what workers emit: judges it once for each tail of its script, and passes on what any of them wants, in one message whatever their
/// number. It never holds up a worker: where the store cannot keep up, traces are dropped.
/// </summary>
internal sealed class TraceIntake(ITraceChannel channel, TimeProvider time, ILogger<TraceIntake> log) : BackgroundService
{
    private const int MostWaiting = 1_000;

    // A batch may be of more than a MiB.
    private const long MostWaitingBytes = 32 << 20;

    // TryWrite says where it is full.
    private readonly Channel<(string Tenant, ReadOnlyMemory<byte> Batch)> _waiting = Channel.CreateBounded<(string, ReadOnlyMemory<byte>)>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private long _waitingBytes;

    /// <summary>Refuses an event that is not one; the others of its frame are passed on. For nobody nothing is looked at.</summary>
    public Refusal? Take(string tenant, string script, Audience audience, IReadOnlyList<ReadOnlyMemory<byte>> events)
    {
        if (audience.IsEmpty)
        {
            return null;
        }

        Refusal? refused = null;
        var wanted = new List<(IReadOnlyList<int>, ReadOnlyMemory<byte>)>();
        for (var i = 0; i < events.Count; i++)
        {
            if (!TraceMessage.Parse(events[i], script, time.GetUtcNow()).Try(out var message, out var refusal))
            {
                refused ??= refusal with { Field = $"events[{i}]" };
                continue;
            }

            Judge(audience, message, wanted);
        }

        if (wanted.Count > 0)
        {
            Enqueue(tenant, new TraceBatch(audience.Names, wanted).Write());
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
    private static void Judge(Audience audience, TraceMessage message, List<(IReadOnlyList<int>, ReadOnlyMemory<byte>)> wanted)
    {
        Add(audience.Wanting(message), message.Json);
        if (audience.HasLive)
        {
            foreach (var frame in LiveShape.Frames(message, Guid.NewGuid().ToString("N")))
            {
                Add(audience.Wanting(frame), frame.Json);
            }
        }

        void Add(IReadOnlyList<int> places, ReadOnlyMemory<byte> json)
        {
            if (places.Count > 0)
            {
                wanted.Add((places, json));
            }
        }
    }
}
