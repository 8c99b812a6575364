using Coordinator.Client;

namespace Worker;

/// <summary>What the sample was asked to do.</summary>
internal sealed record FleetOptions(
    Uri[] Addresses, string Token, int Workers, int LeasesPerWorker, TimeSpan Ttl, double EventsPerSecond, string WorkerId, string Resource,
    bool Takeover, string? Script, bool Verbose);

/// <summary>Several workers in one process, each as its own program would be.</summary>
internal static class Fleet
{
    public static async Task<int> RunAsync(FleetOptions options, CancellationToken cancellation)
    {
        try
        {
            var settings = new CoordinatorClientOptions { Token = options.Token };
            Array.ForEach(options.Addresses, settings.Addresses.Add);
            await using var client = new CoordinatorClient(settings);
            await Task.WhenAll(Enumerable.Range(0, options.Workers).Select(i => WorkAsync(client, options, i, cancellation)));
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception fault) when (fault is CoordinatorException or ArgumentException)
        {
            await Console.Error.WriteLineAsync($"worker: {fault.Message}");
            return 1;
        }
    }

    private static async Task WorkAsync(CoordinatorClient client, FleetOptions options, int number, CancellationToken cancellation)
    {
        var id = $"{options.WorkerId}-{number}";
        string[] scripts = number == 0 && options.Script is { } named ? [named] : [];
        await using var session = await client.StartWorkerAsync(
            new() { WorkerId = id, DefaultTtl = options.Ttl, Scripts = scripts, OnNotice = notice => Print.Notice(id, notice) }, cancellation);
        var work = Enumerable.Range(0, options.LeasesPerWorker).Select(k => HoldAsync(session, options, $"{options.Resource}/{number}/{k}", cancellation));
        var emitted = scripts.Select(script => Emitter.RunAsync(session.Traces(script), cancellation));
        await Task.WhenAll([.. work, .. emitted]);
    }

    // Holds one resource for as long as the program runs: after a loss it asks for it again.
    private static async Task HoldAsync(WorkerSession session, FleetOptions options, string resource, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await using var lease = await session.AcquireAsync(resource, options.Ttl, cancellation);
                Print.Acquired(session.WorkerId, lease);
                using var working = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, lease.CancelRequested, cancellation);
                await ShipAsync(lease, options, working.Token);
            }
            catch (LeaseHeldException held) when (options.Takeover)
            {
                Print.Held(session.WorkerId, resource, held);
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private static async Task ShipAsync(LeaseHandle lease, FleetOptions options, CancellationToken working)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1 / Math.Max(options.EventsPerSecond, 0.001)));
        try
        {
            for (var n = 1; await timer.WaitForNextTickAsync(working); n++)
            {
                await lease.Events.PublishAsync(new("progress", System.Text.Encoding.UTF8.GetBytes($"{{\"step\":{n}}}")), working);
                await lease.Events.FlushAsync(working);
                if (options.Verbose)
                {
                    Print.Stored(lease, n);
                }
            }
        }
        catch (Exception over) when (over is OperationCanceledException or LeaseLostException)
        {
            // Lost, asked to stop, or the program ends: the lease's end says which.
        }
    }
}
