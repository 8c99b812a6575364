using Coordinator.Records;
using Coordinator.Runs;
using Coordinator.Tails;
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
            .AddSingleton<TunnelsService>()
            .AddTails();
    }

    private static IServiceCollection AddTails(this IServiceCollection services)
    {
        services.AddOptions<TailOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<TailBufferOptions>().ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddSingleton<Scripts>()
            .AddSingleton<TailDesk>()
            .AddSingleton<TailReaders>()
            .AddSingleton<TailRoster>()
            .AddHostedService(provider => provider.GetRequiredService<TailRoster>())
            .AddSingleton<TraceIntake>()
            .AddHostedService(provider => provider.GetRequiredService<TraceIntake>())
            .AddSingleton<TailsService>();
    }

    public static void BindRooms(ServiceBinderBase binder, IServiceProvider services)
    {
        V1.Runs.BindService(binder, services.GetRequiredService<RunsService>());
        V1.Workers.BindService(binder, services.GetRequiredService<WorkersService>());
        V1.Tails.BindService(binder, services.GetRequiredService<TailsService>());
        V1.Tunnels.BindService(binder, services.GetRequiredService<TunnelsService>());
    }
}
