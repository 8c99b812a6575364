using Coordinator.Events;
using Coordinator.Leases;
using Coordinator.Records;
using Coordinator.Storage.Embedded;
using Coordinator.Storage.Redis;
using Microsoft.Extensions.Options;

namespace Coordinator.Storage;

/// <summary>Chooses the store.</summary>
internal static class StorageRegistration
{
    /// <summary>The in-process store: nothing to install, gone with the process.</summary>
    public static IServiceCollection AddEmbeddedStorage(this IServiceCollection services) => services
        .AddSingleton(provider => new EmbeddedState(provider.GetRequiredService<TimeProvider>(), Retention(provider)))
        .AddSingleton<IStoreHealth>(provider => provider.GetRequiredService<EmbeddedState>())
        .AddSingleton<ILeaseStore, EmbeddedLeaseStore>()
        .AddSingleton<IRecordStore, EmbeddedRecordStore>()
        .AddSingleton<IEventStore, EmbeddedEventStore>();

    /// <summary>A Redis that is connected already; it may still be away or unfit.</summary>
    public static IServiceCollection AddRedisStorage(this IServiceCollection services, RedisStore store) => services
        .AddSingleton<IStoreHealth>(store.Fitness)
        .AddSingleton(store.Leases)
        .AddSingleton(store.Records)
        .AddSingleton(store.Events);

    private static StoreRetention Retention(IServiceProvider provider) => provider.GetRequiredService<IOptions<StoreRetention>>().Value;
}
