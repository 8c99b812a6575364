using Coordinator.V1;
using System.Threading.Channels;

namespace Coordinator.Client;

/// <summary>How large one batch of events may be.</summary>
internal sealed record BatchBounds(int Events, int Bytes)
{
    /// <summary>What every coordinator takes.</summary>
    public static BatchBounds Default { get; } = new(1_000, 1 << 20);

    /// <summary>As a welcome says; what it does not name is the default.</summary>
    public static BatchBounds Of(Limits? limits) => new(
        limits is { EventsPerBatch: > 0 } ? limits.EventsPerBatch : Default.Events,
        limits is { BatchBytes: > 0 } ? limits.BatchBytes : Default.Bytes);

    /// <summary>Moves what waits into the batch, as much as fits, and one event in any case.</summary>
    public void Fill(EventBatch batch, ChannelReader<WorkerEvent> waiting)
    {
        for (var bytes = 0; batch.Events.Count < Events && waiting.TryPeek(out var next);)
        {
            if (batch.Events.Count > 0 && bytes + next.Bytes > Bytes)
            {
                break;
            }

            bytes += next.Bytes;
            batch.Events.Add(next.ToWire());
            waiting.TryRead(out _);
        }
    }
}
