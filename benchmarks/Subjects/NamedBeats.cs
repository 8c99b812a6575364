using Benchmarks.Load;
using Coordinator.V1;

namespace Benchmarks.Subjects;

/// <summary>A stream that holds many leases and renews a few at a time, by name, in turn.</summary>
internal sealed class NamedBeats(WorkerStream stream, int each) : IBeats
{
    private readonly ConnectRequest[] _frames = [.. stream.Leases.Chunk(each).Select(leases => new ConnectRequest { Heartbeat = new() { Leases = { leases } } })];
    private int _next;

    public int Operations => each;

    public Task AskAsync() => stream.BeatAsync(_frames[_next++ % _frames.Length]);

    public Task AnswerAsync() => stream.AcknowledgedAsync(each);

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
