using Coordinator.Leases;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Hosting;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Coordinator.Services;

/// <summary>Serving while the store can be trusted and the process does not drain.</summary>
internal sealed class HealthService(
    IStoreHealth store, IHostApplicationLifetime lifetime, ServiceNames names, TimeProvider time, ILogger<HealthService> log) : Health.HealthBase
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(250);
    private string? _told;

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        Known(request)
            ? Task.FromResult(new HealthCheckResponse { Status = Now() })
            : throw StatusTable.Fail(StatusCode.NotFound, "SERVICE_UNKNOWN", "There is no such service here.");

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        ServingStatus? last = null;
        while (!lifetime.ApplicationStopped.IsCancellationRequested)
        {
            var now = Known(request) ? Now() : ServingStatus.ServiceUnknown;
            if (now != last)
            {
                await responseStream.WriteAsync(new() { Status = now }, context.CancellationToken).ConfigureAwait(false);
                last = now;
            }

            if (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(Between, time, context.CancellationToken).ConfigureAwait(false);
        }
    }

    private bool Known(HealthCheckRequest request) => request.Service.Length == 0 || names.All.Contains(request.Service);

    private ServingStatus Now()
    {
        var reason = store.Reason;
        if (Interlocked.Exchange(ref _told, reason) != reason)
        {
            if (reason is null)
            {
                Log.StoreReady(log, store.Durability);
            }
            else
            {
                Log.StoreNotReady(log, reason);
            }
        }

        return reason is null && !lifetime.ApplicationStopping.IsCancellationRequested ? ServingStatus.Serving : ServingStatus.NotServing;
    }
}

/// <summary>The services of this process, by full name.</summary>
internal sealed record ServiceNames(IReadOnlySet<string> All);
