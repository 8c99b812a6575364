using Coordinator.Credentials;
using Coordinator.Events;
using Coordinator.Leases;
using Coordinator.Limits;
using Coordinator.Records;
using Coordinator.Storage.Embedded;
using Coordinator.Storage.Redis;
using Coordinator.Tails;
using Microsoft.Extensions.Options;

namespace Coordinator.Storage;

/// <summary>Chooses the store.</summary>
internal static class StorageRegistration
{
    /// <summary>The in-process store: nothing to install, gone with the process.</summary>
    /// <param name="seeds">The credentials that the process was started with.</param>
    public static IServiceCollection AddEmbeddedStorage(this IServiceCollection services, IReadOnlyList<Credential> seeds) => services
        .AddSingleton(provider => new EmbeddedState(provider.GetRequiredService<TimeProvider>(), Retention(provider)))
        .AddSingleton<IStoreHealth>(provider => provider.GetRequiredService<EmbeddedState>())
        .AddSingleton<ILeaseStore, EmbeddedLeaseStore>()
        .AddSingleton<IRecordStore, EmbeddedRecordStore>()
        .AddSingleton<IEventStore, EmbeddedEventStore>()
        .AddSingleton<ILimitStore, EmbeddedLimitStore>()
        .AddSingleton<ITraceChannel, EmbeddedTraceChannel>()
        .AddSingleton<ICredentialStore>(provider => new SeededCredentialStore(new EmbeddedCredentialStore(provider.GetRequiredService<TimeProvider>()), seeds));

    /// <summary>A Redis that is connected already; it may still be away or unfit.</summary>
    /// <param name="seeds">The credentials that the process was started with: they are not stored in Redis.</param>
    public static IServiceCollection AddRedisStorage(this IServiceCollection services, RedisStore store, IReadOnlyList<Credential> seeds) => services
        .AddSingleton<IStoreHealth>(store.Fitness)
        .AddSingleton(store.Leases)
        .AddSingleton(store.Records)
        .AddSingleton(store.Events)
        .AddSingleton(store.Limits)
        .AddSingleton(store.Traces)
        .AddSingleton<ICredentialStore>(new SeededCredentialStore(store.Credentials, seeds));

    private static StoreRetention Retention(IServiceProvider provider) => provider.GetRequiredService<IOptions<StoreRetention>>().Value;
}
