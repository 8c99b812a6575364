using Coordinator.Credentials;
using Coordinator.Leases;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using System.Collections.Concurrent;

namespace Coordinator.Services;

/// <summary>
/// The streams that are open, for as long as their credential is valid: it is looked up again every second, so that a revoked one
/// stops within 5 s also where nothing is sent.
/// </summary>
internal sealed class OpenStreams(
    CredentialLookup credentials, IHostApplicationLifetime process, TimeProvider time, ILogger<OpenStreams> log) : BackgroundService
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<OpenStream, bool> _open = new();

    /// <summary>Begins a stream of this credential; null for a public one. Dispose it at the stream's end.</summary>
    public OpenStream Open(Credential? credential, CancellationToken peer)
    {
        var stream = new OpenStream(credential, ended => _open.TryRemove(ended, out _), process.ApplicationStopping, peer);
        if (credential is not null)
        {
            _open[stream] = true;
        }

        return stream;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var away = false;
        using var timer = new PeriodicTimer(Between, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                away = await CheckAsync(away, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops, and its streams with it.
        }
    }

    private async Task<bool> CheckAsync(bool away, CancellationToken cancellation)
    {
        try
        {
            foreach (var streams in _open.Keys.GroupBy(stream => stream.Credential!.Sha256))
            {
                if (!await credentials.StillValidAsync(streams.First().Credential!, cancellation).ConfigureAwait(false))
                {
                    foreach (var stream in streams)
                    {
                        stream.Revoke();
                    }
                }
            }

            return false;
        }
        catch (StoreException unknown)
        {
            // Not known to be revoked: the streams go on, and the next look may find the store again.
            if (!away)
            {
                Log.CredentialsNotChecked(log, unknown.Message);
            }

            return true;
        }
    }
}

/// <summary>How long one stream may go on.</summary>
internal sealed class OpenStream : IDisposable
{
    private readonly CancellationTokenSource _revoked = new();
    private readonly CancellationTokenSource _ended;
    private readonly CancellationToken _stopping;
    private readonly Action<OpenStream> _close;

    public OpenStream(Credential? credential, Action<OpenStream> close, CancellationToken stopping, CancellationToken peer)
    {
        (Credential, _stopping, _close) = (credential, stopping, close);
        _ended = CancellationTokenSource.CreateLinkedTokenSource(peer, stopping, _revoked.Token);
        (Revoked, Ended) = (_revoked.Token, _ended.Token);
    }

    public Credential? Credential { get; }

    /// <summary>The credential is no longer valid.</summary>
    public CancellationToken Revoked { get; }

    /// <summary>The caller is gone, the credential is no longer valid, or the process stops.</summary>
    public CancellationToken Ended { get; }

    /// <summary>Why this side ended the stream; null where it did not.</summary>
    public RpcException? Reason =>
        Revoked.IsCancellationRequested ? StatusTable.Fail(StatusCode.Unauthenticated, "CREDENTIAL_REVOKED", "The credential of this stream is no longer valid.")
        : _stopping.IsCancellationRequested ? StatusTable.Fail(StatusCode.Unavailable, "DRAINING", "This coordinator stops: connect to another one.")
        : null;

    public void Revoke()
    {
        try
        {
            _revoked.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The stream ended by itself in this instant.
        }
    }

    public void Dispose()
    {
        _close(this);
        _ended.Dispose();
        _revoked.Dispose();
    }
}
