using Benchmarks.Load;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Net.Client;

namespace Benchmarks.Subjects;

/// <summary>A worker's stream whose beat is a batch of events on its one lease.</summary>
internal sealed class EventStream : IBeats
{
    private readonly WorkerStream _stream;
    private readonly ConnectRequest _batch;
    private long _acked;

    private EventStream(WorkerStream stream, int events)
    {
        _stream = stream;
        var lease = stream.Leases[0];
        _batch = new() { EventBatch = new() { Resource = lease.Resource, Token = lease.Token } };
        _batch.EventBatch.Events.AddRange(Enumerable.Repeat(new Event { Type = Type, Payload = Payload }, events));
    }

    /// <summary>A hundred bytes.</summary>
    public static ByteString Payload { get; } = ByteString.CopyFromUtf8($"{{\"line\":\"{new string('x', 89)}\"}}");

    public static string Type => "progress";

    public int Operations => _batch.EventBatch.Events.Count;

    public static async Task<IReadOnlyList<EventStream>> OpenAsync(Channels channels, string prefix, int streams, int events) =>
        [.. (await WorkerStream.OpenAsync(channels, prefix, streams, 1).ConfigureAwait(false)).Select(stream => new EventStream(stream, events))];

    public Task AskAsync()
    {
        _batch.EventBatch.BatchSequence++;
        return _stream.SendAsync(_batch);
    }

    public async Task AnswerAsync()
    {
        var ack = (await _stream.NextAsync(ConnectResponse.FrameOneofCase.EventAck).ConfigureAwait(false)).EventAck;
        if (ack.AckedSequence != ++_acked)
        {
            throw new InvalidOperationException($"Not batch {_acked}, but {ack}");
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
