using Coordinator.Credentials;
using Coordinator.Events;
using Coordinator.Leases;
using Coordinator.Limits;
using Coordinator.Sessions;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Compression;
using System.IO.Compression;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Coordinator.Services;

/// <summary>Puts the gRPC services into a host.</summary>
internal static class ServiceRegistration
{
    private const int MaxMessageBytes = 4 << 20;

    private static readonly ServiceDescriptor[] Always =
    [
        V1.Sessions.Descriptor, V1.Leases.Descriptor, V1.Events.Descriptor, V1.Runs.Descriptor, V1.Workers.Descriptor, V1.Tunnels.Descriptor,
        V1.Tails.Descriptor,
        V1.Access.Descriptor, Grpc.Health.V1.Health.Descriptor,
    ];

    private static readonly ServiceDescriptor[] OfReflection =
        [Grpc.Reflection.V1.ServerReflection.Descriptor, Grpc.Reflection.V1Alpha.ServerReflection.Descriptor];

    public static IServiceCollection AddCoordinatorServices(this IServiceCollection services, bool reflection)
    {
        ServiceDescriptor[] descriptors = reflection ? [.. Always, .. OfReflection] : Always;
        services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = MaxMessageBytes;
            options.CompressionProviders.Clear();
            options.CompressionProviders.Add(new StrictCompression(new GzipCompressionProvider(CompressionLevel.Fastest)));
            options.CompressionProviders.Add(new StrictCompression(new DeflateCompressionProvider(CompressionLevel.Fastest)));
            options.Interceptors.Add<CallGuard>();
        });
        services.AddOptions<StreamOptions>().ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddSingleton<CallGuard>()
            .AddSingleton(Policies.Default)
            .AddSingleton<Limiter>()
            .AddSingleton<CallerAddress>()
            .AddSingleton<CallLimits>()
            .AddSingleton<CallJudge>()
            .AddSingleton<Admission>()
            .AddSingleton<OpenStreams>()
            .AddHostedService(provider => provider.GetRequiredService<OpenStreams>())
            .AddSingleton<CredentialLookup>()
            .AddSingleton<CredentialIssuer>()
            .AddSingleton<Lessor>()
            .AddSingleton<EventReader>()
            .AddSingleton<LeaseWatch>()
            .AddSingleton<LeasesService>()
            .AddSingleton<EventsService>()
            .AddSingleton<AccessService>()
            .AddSingleton<HealthService>()
            .AddSingleton<ReflectionService>()
            .AddSingleton(new DescriptorIndex(descriptors))
            .AddSingleton(new ServiceNames(descriptors.Select(descriptor => descriptor.FullName).ToHashSet()))
            .AddSingleton<ChangeFeed>()
            .AddHostedService(provider => provider.GetRequiredService<ChangeFeed>())
            .AddHostedService<Sweeper>()
            .AddRooms();
    }

    /// <summary>Maps every service; gives the full names of the methods that are reachable.</summary>
    public static IReadOnlyList<string> MapCoordinatorServices(this WebApplication app, bool reflection)
    {
        var admission = app.Services.GetRequiredService<Admission>();
        app.Use(admission.InvokeAsync);
        var binder = new StrictBinder();
        V1.Sessions.BindService(binder, app.Services.GetRequiredService<SessionsService>());
        V1.Leases.BindService(binder, app.Services.GetRequiredService<LeasesService>());
        V1.Events.BindService(binder, app.Services.GetRequiredService<EventsService>());
        RoomRegistration.BindRooms(binder, app.Services);
        V1.Access.BindService(binder, app.Services.GetRequiredService<AccessService>());
        Grpc.Health.V1.Health.BindService(binder, app.Services.GetRequiredService<HealthService>());
        if (reflection)
        {
            var service = app.Services.GetRequiredService<ReflectionService>();
            Grpc.Reflection.V1.ServerReflection.BindService(binder, service);
            service.BindV1Alpha(binder);
        }

        app.MapGrpcService(_ => binder.Build());
        return binder.Methods;
    }
}
