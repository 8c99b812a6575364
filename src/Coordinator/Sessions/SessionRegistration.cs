namespace Coordinator.Sessions;

/// <summary>Puts the worker stream into a host.</summary>
internal static class SessionRegistration
{
    public static IServiceCollection AddSessions(this IServiceCollection services) => services
        .AddSingleton<SessionsService>()
        .AddSingleton<SessionRegistry>()
        .AddSingleton<SessionParts>()
        .AddSingleton<RenewalGatherer>()
        .AddHostedService<SessionDrain>();
}
