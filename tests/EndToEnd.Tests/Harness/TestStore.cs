using Coordinator.Testing;

namespace EndToEnd.Tests.Harness;

/// <summary>The store that a test's coordinators use, by name: <c>embedded</c> or <c>redis</c>.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    public RedisServer? Redis { get; private init; }

    public static async Task<TestStore> StartAsync(string name, params string[] redisArguments) => name switch
    {
        "embedded" => new(),
        "redis" => new() { Redis = await RedisServer.StartAsync(redisArguments) },
        _ => throw new ArgumentException($"There is no store {name}.", nameof(name)),
    };

    public Task<CoordinatorProcess> CoordinatorAsync(params string[] more) => CoordinatorProcess.StartAsync(Redis?.Configuration, more);

    public async ValueTask DisposeAsync()
    {
        if (Redis is not null)
        {
            await Redis.DisposeAsync();
        }
    }
}
