using Coordinator.Leases;
using Microsoft.Extensions.Options;
using System.Threading.Channels;

namespace Coordinator.Tails;

/// <summary>
/// Takes in what workers emit: judges it once for each tail of its script, and passes on what any of them wants, in one message whatever their
/// number. It never holds up a worker: where the store cannot keep up, traces are dropped.
/// </summary>
internal sealed class TraceIntake(ITraceChannel channel, IOptions<TailOptions> options, TimeProvider time, ILogger<TraceIntake> log) : BackgroundService
{
    private static readonly TimeSpan LongestGather = TimeSpan.FromMilliseconds(250);

    // A message may be larger by one frame.
    private const long MessageBytes = 256 << 10;

    private const int MostWaiting = 1_000;

    // A batch may be of more than a MiB.
    private const long MostWaitingBytes = 32 << 20;

    // TryWrite says where it is full.
    private readonly Channel<(string Tenant, ReadOnlyMemory<byte> Batch)> _waiting = Channel.CreateBounded<(string, ReadOnlyMemory<byte>)>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private long _waitingBytes;

    /// <summary>How long what a worker ships may be gathered before it is judged for so many.</summary>
    public TimeSpan Gather(Audience audience) => options.Value.Share(audience.Names.Count, LongestGather);

    /// <summary>
    /// Takes in what a worker shipped, in its order. Of each frame the first event that is not one is refused; the others are passed on.
    /// For nobody nothing is looked at.
    /// </summary>
    public void Take(string tenant, IEnumerable<ShippedFrame> frames, Action<Refusal> refuse)
    {
        foreach (var ofScript in frames.GroupBy(frame => frame.Followed))
        {
            // Those who read it now: whoever left while it waited is not asked any more.
            var audience = ofScript.Key.Audience;
            if (audience.IsEmpty)
            {
                continue;
            }

            var (wanted, bytes) = (new List<(IReadOnlyList<int> For, ReadOnlyMemory<byte> Event)>(), 0L);
            foreach (var frame in ofScript)
            {
                var before = wanted.Count;
                if (Judge(audience, frame, wanted) is { } refusal)
                {
                    refuse(refusal);
                }

                bytes += wanted.Skip(before).Sum(one => (long)one.Event.Length);
                if (bytes >= MessageBytes)
                {
                    Enqueue(tenant, new TraceBatch(audience.Names, wanted).Write());
                    (wanted, bytes) = ([], 0);
                }
            }

            if (wanted.Count > 0)
            {
                Enqueue(tenant, new TraceBatch(audience.Names, wanted).Write());
            }
        }
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

    private Refusal? Judge(Audience audience, ShippedFrame frame, List<(IReadOnlyList<int>, ReadOnlyMemory<byte>)> wanted)
    {
        Refusal? refused = null;
        for (var i = 0; i < frame.Events.Count; i++)
        {
            if (!TraceMessage.Parse(frame.Events[i], frame.Followed.Script, time.GetUtcNow()).Try(out var message, out var refusal))
            {
                refused ??= refusal with { Field = $"events[{i}]" };
                continue;
            }

            Judge(audience, message, wanted);
        }

        return refused;
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
