using Coordinator.Testing;

namespace Benchmarks.Servers;

/// <summary>The servers that are compared, each started when it is first asked for.</summary>
/// <param name="before">Another build's Coordinator.dll, to be measured beside this one; null for none.</param>
internal sealed class Fleet(string? before) : IAsyncDisposable
{
    public const string Token = "benchmark-token";
    public const string Tenant = "0123456789abcdef0123456789abcdef";
    public const string OtherToken = "another-benchmark-token";
    public const string OtherTenant = "fedcba9876543210fedcba9876543210";

    private readonly Dictionary<string, Server> _started = [];
    private readonly List<Server> _order = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("benchmarks-").FullName;

    public Task<Server> RedisAsync() => OnceAsync("redis", () => Server.RedisAsync());

    public Task<Server> CoordinatorAsync() => OnceAsync("coordinator", async () => await CoordinatorAsync(await RedisAsync().ConfigureAwait(false)).ConfigureAwait(false));

    public Task<Server> EmbeddedAsync() => OnceAsync("embedded", () => CoordinatorAsync(null));

    /// <summary>The other build, on a Redis of its own; null where none is compared.</summary>
    public async Task<(Server Coordinator, Server Redis)?> BeforeAsync()
    {
        if (before is null)
        {
            return null;
        }

        var redis = await OnceAsync("redis before", () => Server.RedisAsync()).ConfigureAwait(false);
        return (await OnceAsync("before", () => StartAsync(before, redis, 0, Tenant)).ConfigureAwait(false), redis);
    }

    public Task<Server> GatewayAsync() => OnceAsync("gateway", async () =>
    {
        var coordinator = await CoordinatorAsync().ConfigureAwait(false);
        return await Server.DotnetAsync("gateway", Repository.Program("src/Gateway", "Coordinator.Gateway"), "http",
            "--http-port", "0", "--coordinators", coordinator.Address.ToString()).ConfigureAwait(false);
    });

    public Task<Server> EtcdAsync() => OnceAsync("etcd", () => Server.EtcdAsync(Path.Combine(_folder, "etcd")));

    public Task<Server> EchoAsync() => OnceAsync("echo", () => StartEchoAsync());

    public Task<Server> EchoGatewayAsync() => OnceAsync("echo-gateway", async () =>
    {
        var echo = await EchoAsync().ConfigureAwait(false);
        return await Server.DotnetAsync("echo gateway", Environment.GetCommandLineArgs()[0], "http", "echo-gateway", "--to", echo.Address.ToString()).ConfigureAwait(false);
    });

    /// <summary>A coordinator of the caller's own; without a Redis its store is in memory.</summary>
    public static Task<Server> CoordinatorAsync(Server? redis, int port = 0, string tenant = Tenant) =>
        StartAsync(Repository.Program("src/Coordinator", "Coordinator"), redis, port, tenant);

    /// <summary>An echo of the caller's own.</summary>
    public static Task<Server> StartEchoAsync() => Server.DotnetAsync("echo", Environment.GetCommandLineArgs()[0], "grpc", "echo");

    public async ValueTask DisposeAsync()
    {
        foreach (var server in Enumerable.Reverse(_order))
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static Task<Server> StartAsync(string program, Server? redis, int port, string tenant)
    {
        string[] store = redis is null ? [] : ["--redis", $"127.0.0.1:{redis.Port}"];
        return Server.DotnetAsync("coordinator", program, "grpc",
        [
            "--grpc-port", $"{port}", "--token", tenant == Tenant ? Token : OtherToken, "--tenant", tenant, "--tunnels-per-account", "1000",
            "--rate-limit-runs", "0", "--rate-limit-tunnels", "0", "--tails-per-script", "1000", .. store,
        ]);
    }

    private async Task<Server> OnceAsync(string name, Func<Task<Server>> startAsync)
    {
        if (!_started.TryGetValue(name, out var server))
        {
            _order.Add(_started[name] = server = await startAsync().ConfigureAwait(false));
        }

        return server;
    }
}
