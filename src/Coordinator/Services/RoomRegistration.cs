using Coordinator.Records;
using Coordinator.Runs;
using Coordinator.Tunnels;
using Coordinator.Workers;
using Grpc.Core;

namespace Coordinator.Services;

/// <summary>Puts runs, workers and tunnels into a host: what stands on the records of the store.</summary>
internal static class RoomRegistration
{
    public static IServiceCollection AddRooms(this IServiceCollection services)
    {
        services.AddOptions<WorkerOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<TunnelOptions>().ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddSingleton<RecordPages>()
            .AddSingleton<RunLanes>()
            .AddSingleton<RunClaims>()
            .AddSingleton<WorkerPresence>()
            .AddSingleton<TunnelDesk>()
            .AddSingleton<RunsService>()
            .AddSingleton<WorkersService>()
            .AddSingleton<TunnelsService>();
    }

    public static void BindRooms(ServiceBinderBase binder, IServiceProvider services)
    {
        V1.Runs.BindService(binder, services.GetRequiredService<RunsService>());
        V1.Workers.BindService(binder, services.GetRequiredService<WorkersService>());
        V1.Tunnels.BindService(binder, services.GetRequiredService<TunnelsService>());
    }
}
