using Coordinator.Testing;
using Coordinator.V1;
using Grpc.Core;

namespace Client.Tests.Harness;

/// <summary>A stream that lets each write through only when the test says so.</summary>
internal sealed class HeldWriter : IClientStreamWriter<ConnectRequest>
{
    private readonly Lock _gate = new();
    private readonly List<ConnectRequest> _written = [];
    private TaskCompletionSource? _write;

    /// <summary>What was written, the write under way included.</summary>
    public IReadOnlyList<ConnectRequest> Written
    {
        get
        {
            lock (_gate)
            {
                return [.. _written];
            }
        }
    }

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(ConnectRequest message)
    {
        lock (_gate)
        {
            _written.Add(message);
            _write = new();
            return _write.Task;
        }
    }

    public Task CompleteAsync() => Task.CompletedTask;

    /// <summary>Ends the write under way, and waits for the next one to begin.</summary>
    public async Task LetThroughAsync()
    {
        var before = Written.Count;
        _write!.SetResult();
        await Eventually.TrueAsync(() => Written.Count > before, TimeSpan.FromSeconds(20), "the next frame is written");
    }

    public void Break() => _write!.SetException(new IOException("the connection is gone"));
}
