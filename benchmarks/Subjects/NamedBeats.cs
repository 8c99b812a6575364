using Benchmarks.Load;
using Coordinator.V1;

namespace Benchmarks.Subjects;

/// <summary>A stream that holds many leases and renews a few at a time, by name, in turn.</summary>
internal sealed class NamedBeats(WorkerStream stream, int each) : IBeats
{
    private readonly ConnectRequest[] _frames = [.. stream.Leases.Chunk(each).Select(leases => new ConnectRequest { Heartbeat = new() { Leases = { leases } } })];
    private long _asked;
    private long _acked;

    public int Operations => each;

    public Task AskAsync()
    {
        var frame = _frames[_asked % _frames.Length];
        frame.Heartbeat.Sequence = ++_asked;
        return stream.SendAsync(frame);
    }

    public async Task AnswerAsync()
    {
        var ack = (await stream.NextAsync(ConnectResponse.FrameOneofCase.HeartbeatAck).ConfigureAwait(false)).HeartbeatAck;
        if (ack.Sequence != ++_acked || ack.Renewed != each)
        {
            throw new InvalidOperationException($"Not {each} leases of heartbeat {_acked}, but {ack}");
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
