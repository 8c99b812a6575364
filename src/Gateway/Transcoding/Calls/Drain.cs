namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>When the process is told to end: streams at once, what is being answered a little later.</summary>
internal sealed class Drain : IDisposable
{
    private static readonly TimeSpan CallsAfter = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _calls = new();
    private readonly CancellationTokenRegistration _stopping;

    public Drain(IHostApplicationLifetime lifetime)
    {
        Streams = lifetime.ApplicationStopping;
        _stopping = Streams.Register(() => _calls.CancelAfter(CallsAfter));
    }

    /// <summary>Ends what has no end of its own.</summary>
    public CancellationToken Streams { get; }

    /// <summary>Ends calls that still wait.</summary>
    public CancellationToken Calls => _calls.Token;

    public void Dispose()
    {
        _stopping.Dispose();
        _calls.Dispose();
    }
}
