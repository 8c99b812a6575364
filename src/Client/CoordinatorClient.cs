using Coordinator.Client.Connection;

namespace Coordinator.Client;

/// <summary>A client of one or several coordinators. Thread-safe; make one for a program and dispose it at the end.</summary>
public sealed class CoordinatorClient : IAsyncDisposable
{
    private readonly Channels _channels;
    private readonly CoordinatorClientOptions _options;

    /// <summary>Makes a client. Nothing is connected yet.</summary>
    /// <exception cref="ArgumentException">An option is missing or out of bounds.</exception>
    public CoordinatorClient(CoordinatorClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _channels = new(options);
        Leases = new(_channels);
        Events = new(_channels);
    }

    /// <summary>Leases without a worker stream: for scripts and operators.</summary>
    public LeasesClient Leases { get; }

    /// <summary>Event logs: append, read, follow.</summary>
    public EventsClient Events { get; }

    /// <summary>
    /// Starts a worker: opens its stream and completes when a coordinator has welcomed it. The stream is kept up from then on, over any of the
    /// addresses, until the session is disposed.
    /// </summary>
    /// <exception cref="CoordinatorException">The coordinators refuse this worker: its credential, its id.</exception>
    public async Task<WorkerSession> StartWorkerAsync(WorkerOptions worker, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(worker);
        var session = new WorkerSession(_channels, _options, worker);
        try
        {
            await session.Ready.WaitAsync(cancellation).ConfigureAwait(false);
            return session;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Closes the connections. Dispose the sessions first: they release their leases.</summary>
    public ValueTask DisposeAsync()
    {
        _channels.Dispose();
        return ValueTask.CompletedTask;
    }
}
