using Grpc.Core;

namespace Coordinator.Services;

/// <summary>Writes to a peer that reads: one that takes nothing for too long is cut, so that it does not hold its page for ever.</summary>
internal sealed class BoundedWriter<T>(IServerStreamWriter<T> inner, TimeSpan within, TimeProvider time, Action cut) : IServerStreamWriter<T>
{
    public WriteOptions? WriteOptions
    {
        get => inner.WriteOptions;
        set => inner.WriteOptions = value;
    }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        var write = inner.WriteAsync(message, CancellationToken.None);
        try
        {
            await write.WaitAsync(within, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException && !write.IsCompleted)
        {
            // It would not read a status either, and the call cannot end while the write hangs.
            cut();
            throw StatusTable.Fail(StatusCode.ResourceExhausted, "PEER_DOES_NOT_READ", "The peer does not read.");
        }
    }
}
