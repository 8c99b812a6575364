namespace Coordinator.Storage.Embedded;

/// <summary>Takes a hint's listener away again.</summary>
internal sealed class Subscription(Action end) : IDisposable, IAsyncDisposable
{
    public void Dispose() => end();

    public ValueTask DisposeAsync()
    {
        end();
        return ValueTask.CompletedTask;
    }
}
