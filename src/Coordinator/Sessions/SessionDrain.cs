using Coordinator.Services;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Coordinator.Sessions;

/// <summary>When the process stops: tells every worker to move, waits for them, then ends who stayed.</summary>
internal sealed class SessionDrain(
    SessionRegistry registry, IOptions<SessionOptions> options, TimeProvider time, ILogger<SessionDrain> log) : IHostedLifecycleService
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var sessions = registry.BeginDrain();
        if (sessions.Count == 0)
        {
            return;
        }

        var grace = options.Value.Drain;
        Log.Draining(log, sessions.Count, grace.TotalSeconds);
        foreach (var session in sessions)
        {
            session.TellDrain(grace);
        }

        var from = time.GetTimestamp();
        while (registry.Count > 0 && time.GetElapsedTime(from) < grace && !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(Between, time, CancellationToken.None).ConfigureAwait(false);
        }

        foreach (var session in registry.BeginDrain())
        {
            session.End(StatusTable.Fail(StatusCode.Unavailable, "DRAINING", "This coordinator stops: connect to another one."));
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
