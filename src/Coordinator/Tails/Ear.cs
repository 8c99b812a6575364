namespace Coordinator.Tails;

/// <summary>What one account's readers of this process share: one listener on its channel, opened by the first and closed by the last.</summary>
internal sealed class Ear(Func<Task<IAsyncDisposable>> open, Action closed)
{
    private readonly Lock _gate = new();
    private Task<IAsyncDisposable>? _listening;
    private int _readers;
    private bool _over;

    /// <summary>Completes when it listens; null where the last one has just closed it: ask for another.</summary>
    public Task? Enter()
    {
        lock (_gate)
        {
            if (_over)
            {
                return null;
            }

            _readers++;
            return _listening = _listening is { IsFaulted: false, IsCanceled: false } ? _listening : open();
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_readers > 0)
            {
                return;
            }

            _over = true;
        }

        closed();
        if (_listening is { } listening)
        {
            _ = CloseAsync(listening);
        }
    }

    private static async Task CloseAsync(Task<IAsyncDisposable> listening)
    {
        await Task.WhenAny(listening).ConfigureAwait(false);
        if (listening.IsCompletedSuccessfully)
        {
            await listening.Result.DisposeAsync().ConfigureAwait(false);
        }
    }
}
