using Coordinator.Testing;
using System.Diagnostics;
using System.Globalization;

namespace Benchmarks.Servers;

/// <summary>A program that is measured: a process of its own on a spare loopback port.</summary>
internal sealed class Server : IAsyncDisposable
{
    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(30);

    private readonly IAsyncDisposable _process;
    private readonly int _id;

    private Server(string name, IAsyncDisposable process, int id, int port) => (Name, _process, _id, Port) = (name, process, id, port);

    /// <summary>What its processor time is called in the results.</summary>
    public string Name { get; }

    public int Port { get; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    /// <summary>Starts a program of this repository that prints <c>word=host:port</c> once it listens.</summary>
    public static async Task<Server> DotnetAsync(string name, string dll, string word, params string[] arguments)
    {
        var process = ProgramProcess.Dotnet(dll, arguments);
        var line = await process.LineAsync(text => text.StartsWith($"listening {word}=", StringComparison.Ordinal), StartBound, $"{name} listens").ConfigureAwait(false);
        var address = line.Split(' ')[1][(word.Length + 1)..];
        return new(name, process, process.Id, int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>A Redis without persistence; further arguments are redis-server's own.</summary>
    public static async Task<Server> RedisAsync(params string[] more)
    {
        var redis = await RedisServer.StartAsync(["--appendonly", "no", "--maxmemory-policy", "noeviction", .. more]).ConfigureAwait(false);
        return new("redis", redis, redis.Id, redis.Port);
    }

    public static async Task<Server> EtcdAsync(string folder)
    {
        var (port, peers) = (FreePort.Next(), FreePort.Next());
        var process = ProgramProcess.Run("etcd",
        [
            "--data-dir", folder, "--listen-client-urls", $"http://127.0.0.1:{port}", "--advertise-client-urls", $"http://127.0.0.1:{port}",
            "--listen-peer-urls", $"http://127.0.0.1:{peers}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peers}",
            "--initial-cluster", $"default=http://127.0.0.1:{peers}", "--log-level", "error",
        ]);
        var server = new Server("etcd", process, process.Id, port);
        using var http = new HttpClient { BaseAddress = server.Address };
        await Eventually.TrueAsync(async () => process.HasExited || await HealthyAsync(http).ConfigureAwait(false), StartBound, "etcd is healthy").ConfigureAwait(false);
        return process.HasExited ? throw new InvalidOperationException($"etcd ended:\n{string.Join('\n', process.Lines)}") : server;
    }

    /// <summary>All of its processor time until now.</summary>
    public TimeSpan Processor()
    {
        using var process = Process.GetProcessById(_id);
        return process.TotalProcessorTime;
    }

    /// <summary>The memory that it has of the machine.</summary>
    public long ResidentBytes()
    {
        using var process = Process.GetProcessById(_id);
        return process.WorkingSet64;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<bool> HealthyAsync(HttpClient http)
    {
        try
        {
            return (await http.GetStringAsync(new Uri("/health", UriKind.Relative)).ConfigureAwait(false)).Contains("true", StringComparison.Ordinal);
        }
        catch (HttpRequestException)
        {
            // It does not listen yet; the bound of the wait says when that is too long.
            return false;
        }
    }
}
