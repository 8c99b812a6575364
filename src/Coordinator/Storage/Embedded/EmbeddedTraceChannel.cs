using Coordinator.Tails;
using System.Collections.Concurrent;

namespace Coordinator.Storage.Embedded;

/// <summary>Traces within this process.</summary>
internal sealed class EmbeddedTraceChannel : ITraceChannel
{
    private readonly ConcurrentDictionary<Listening, bool> _listening = new();

    public ValueTask PublishAsync(string tenant, ReadOnlyMemory<byte> batch, CancellationToken cancellation)
    {
        foreach (var (listening, _) in _listening)
        {
            listening.Hear(tenant, batch);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<IAsyncDisposable> ListenAsync(string tenant, Action<ReadOnlyMemory<byte>> heard, CancellationToken cancellation)
    {
        var listening = new Listening(tenant, heard, ended => _listening.TryRemove(ended, out _));
        _listening[listening] = true;
        return new(listening);
    }

    private sealed class Listening(string tenant, Action<ReadOnlyMemory<byte>> heard, Action<Listening> end) : IAsyncDisposable
    {
        private readonly Lock _oneAtATime = new();

        public void Hear(string from, ReadOnlyMemory<byte> batch)
        {
            if (from != tenant)
            {
                return;
            }

            lock (_oneAtATime)
            {
                heard(batch);
            }
        }

        public ValueTask DisposeAsync()
        {
            end(this);
            return ValueTask.CompletedTask;
        }
    }
}
