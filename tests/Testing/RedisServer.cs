using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;

namespace Coordinator.Testing;

/// <summary>A real redis-server of the test's own, on a free loopback port and in a folder of its own.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(10);
    private readonly string _folder = Directory.CreateTempSubdirectory("redis-").FullName;
    private readonly string[] _extra;
    private Process? _process;

    private RedisServer(string[] extra) => _extra = extra;

    public int Id => _process!.Id;

    public int Port { get; } = FreePort.Next();

    public string Configuration => $"127.0.0.1:{Port}";

    /// <summary>Starts a server; further arguments are redis-server's own.</summary>
    public static async Task<RedisServer> StartAsync(params string[] extra)
    {
        var server = new RedisServer(extra);
        try
        {
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it again after a kill, on the same port and data.</summary>
    public async Task StartAgainAsync()
    {
        var start = new ProcessStartInfo("redis-server") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments = ["--port", $"{Port}", "--bind", "127.0.0.1", "--dir", _folder, "--save", "", .. _extra];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Process process;
        try
        {
            _process = process = Process.Start(start) ?? throw new InvalidOperationException("redis-server was not started");
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException("These tests need redis-server: apt-get install redis-server", missing);
        }

        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Eventually.TrueAsync(async () => await CommandAsync("PING") == "+PONG", StartBound, "redis-server answers PING");
    }

    public void Send(Signal signal) => _process!.Kill(signal);

    /// <summary>Ends it as a crash would, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        _process!.Kill(Signal.Kill);
        await _process!.WaitForExitAsync();
    }

    /// <summary>One command, its arguments without spaces; the first line of the answer, or empty where nobody answers.</summary>
    public async Task<string> CommandAsync(string command)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port);
            await using var stream = client.GetStream();
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(command + "\r\n"));
            using var reader = new StreamReader(stream);
            return await reader.ReadLineAsync() ?? "";
        }
        catch (Exception away) when (away is SocketException or IOException)
        {
            return "";
        }
    }

    /// <summary>How often a command was called since the server started, by whoever.</summary>
    public async Task<long> CallsAsync(string command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync("INFO commandstats\r\n"u8.ToArray());
        using var reader = new StreamReader(stream);
        var head = await reader.ReadLineAsync();
        var text = new char[int.Parse(head.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture)];
        await reader.ReadBlockAsync(text);
        var line = new string(text).Split("\r\n").FirstOrDefault(line => line.StartsWith($"cmdstat_{command}:", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split('=')[1].Split(',')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
