using Coordinator;
using Coordinator.Leases;
using Coordinator.Storage;
using Coordinator.Storage.Redis;

return await CommandLine.RunAsync(args, async (options, cancellation) =>
{
    await using var redis = options.Redis is { } configuration
        ? await RedisStore.ConnectAsync(new RedisOptions { Configuration = configuration }, new StoreRetention(), TimeProvider.System)
        : null;
    await using var app = CoordinatorHost.Build(options, redis);
    await CoordinatorHost.StartAsync(app, options, cancellation);

    if (redis is null)
    {
        Log.InMemory(app.Logger);
    }

    var durability = app.Services.GetRequiredService<IStoreHealth>().Durability;
    var address = new Uri(app.Urls.First());
    Console.WriteLine($"listening grpc={address.Host}:{address.Port} account={options.Tenant} store={durability}");
    await app.WaitForShutdownAsync(cancellation);
    return 0;
});
