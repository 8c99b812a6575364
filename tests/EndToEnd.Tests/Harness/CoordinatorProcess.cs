using Coordinator.Client;
using Coordinator.Testing;
using Grpc.Core;
using Grpc.Net.Client;
using System.Security.Cryptography;

namespace EndToEnd.Tests.Harness;

/// <summary>A coordinator as its own process.</summary>
internal sealed class CoordinatorProcess : IAsyncDisposable
{
    public const string Token = "end-to-end-token";
    public const string Tenant = "0123456789abcdef0123456789abcdef";

    /// <summary>What coordinators and gateways of one run know each other by.</summary>
    public static readonly string GatewayToken = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(30);
    private readonly Lazy<GrpcChannel> _channel;

    private CoordinatorProcess(ProgramProcess process, int port)
    {
        (Process, Port) = (process, port);
        _channel = new(() => GrpcChannel.ForAddress(Address));
    }

    public ProgramProcess Process { get; }

    public int Port { get; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    /// <summary>The generated clients' way in; send <see cref="Headers"/> along.</summary>
    public GrpcChannel Channel => _channel.Value;

    public static Metadata Headers => new() { { "authorization", $"Bearer {Token}" } };

    /// <summary>Further arguments are the coordinator's own.</summary>
    public static Task<CoordinatorProcess> StartAsync(string? redis = null, params string[] more) => StartAtAsync(0, redis, Tenant, Token, more);

    /// <summary>On a port, or on any that is free for 0, and for an account.</summary>
    public static async Task<CoordinatorProcess> StartAtAsync(int port, string? redis, string tenant, string token, params string[] more)
    {
        string[] store = redis is null ? [] : ["--redis", redis];
        var process = ProgramProcess.Run("dotnet",
            [Repository.Program("src/Coordinator", "Coordinator"), "--grpc-port", $"{port}", "--token", token, "--tenant", tenant, .. store, .. more],
            [("COORDINATOR_GATEWAY_TOKEN", GatewayToken)]);
        var line = await process.ReadyAsync("listening grpc=", StartBound, "the coordinator listens");
        return new(process, int.Parse(line.Split(' ')[1].Split(':')[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>The library's client of these coordinators.</summary>
    public static CoordinatorClient Client(params Uri[] addresses)
    {
        var options = new CoordinatorClientOptions { Token = Token };
        Array.ForEach(addresses, options.Addresses.Add);
        return new(options);
    }

    public CoordinatorClient Client() => Client(Address);

    public async ValueTask DisposeAsync()
    {
        if (_channel.IsValueCreated)
        {
            _channel.Value.Dispose();
        }

        await Process.DisposeAsync();
    }
}

/// <summary>The sample worker as its own process.</summary>
internal static class WorkerProcess
{
    public static ProgramProcess Start(IEnumerable<Uri> coordinators, params string[] arguments) =>
        ProgramProcess.Dotnet(Repository.Program("examples/Worker", "Worker"),
            [.. coordinators.SelectMany(address => new[] { "--address", address.ToString() }), "--token", CoordinatorProcess.Token, .. arguments]);

    /// <summary>The value of <c>name=value</c> in a printed line.</summary>
    public static string Value(string line, string name) =>
        line.Split(' ').Single(part => part.StartsWith($"{name}=", StringComparison.Ordinal))[(name.Length + 1)..];
}
