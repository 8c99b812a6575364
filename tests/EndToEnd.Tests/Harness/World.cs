namespace EndToEnd.Tests.Harness;

/// <summary>What tests run in: parts that are started one after the other and ended in the reverse order, also where one of them cannot be started.</summary>
public abstract class World : IAsyncLifetime
{
    private readonly Stack<Func<Task>> _ends = new();

    public async Task InitializeAsync()
    {
        try
        {
            await StartAsync();
        }
        catch
        {
            // What failed is told, and not what cannot be ended because of it.
            await EndAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    public async Task DisposeAsync()
    {
        try
        {
            if (_ends.Count > 0)
            {
                Check();
            }
        }
        finally
        {
            await EndAsync();
        }
    }

    /// <summary>Starts the parts, and hands over each as soon as it is there.</summary>
    protected abstract Task StartAsync();

    /// <summary>Asserts what must hold after the tests, while everything is still there.</summary>
    protected virtual void Check()
    {
    }

    /// <summary>Disposes of the part at the end.</summary>
    protected T Part<T>(T part)
        where T : IAsyncDisposable
    {
        AtEnd(() => part.DisposeAsync().AsTask());
        return part;
    }

    protected void AtEnd(Func<Task> end) => _ends.Push(end);

    private async Task EndAsync()
    {
        if (_ends.TryPop(out var end))
        {
            try
            {
                await end();
            }
            finally
            {
                await EndAsync();
            }
        }
    }
}
