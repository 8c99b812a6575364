using Microsoft.Extensions.Hosting;

namespace Coordinator.Leases;

/// <summary>Ends overdue leases soon after their deadline; any number of processes may sweep.</summary>
internal sealed class Sweeper(ILeaseStore store, TimeProvider time, ILogger<Sweeper> log) : BackgroundService
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Unplanned = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var away = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            var next = Retry;
            try
            {
                var swept = await store.SweepAsync(stoppingToken).ConfigureAwait(false);
                Metrics.Expired.Add(swept.Expired);
                next = swept.NextIn < LongestPause ? swept.NextIn : LongestPause;
                away = false;
            }
            catch (StoreException failure)
            {
                if (!away)
                {
                    Log.SweepFails(log, failure.Message);
                }

                away = true;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await PauseAsync(next, stoppingToken).ConfigureAwait(false);
        }
    }

    // A process that was itself stopped has renewals waiting in its sockets: they go first, then the sweep.
    private async Task PauseAsync(TimeSpan planned, CancellationToken cancellation)
    {
        var from = time.GetTimestamp();
        await Task.Delay(planned, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var late = time.GetElapsedTime(from) - planned;
        if (late > Unplanned)
        {
            Log.Paused(log, late.TotalMilliseconds);
            await Task.Delay(LongestPause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
