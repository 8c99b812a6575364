using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;

namespace EndToEnd.Tests;

/// <summary>run.sh, as a new user starts it.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class RunScriptTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly (string, string)[] Built = [("NO_BUILD", "1"), ("CONFIGURATION", Repository.Configuration)];

    [Fact]
    public async Task Run_WithDemo_IsReadyAndStopsAllItStarted()
    {
        var (http, grpc) = (FreePort.Next(), FreePort.Next());
        await using var run = Start("--http-port", $"{http}", "--grpc-port", $"{grpc}", "--token", "run-token", "--demo");
        var ready = await run.LineAsync(line => line.StartsWith("ready", StringComparison.Ordinal), Bound, "it is ready");
        Assert.Matches(Ready(), ready);
        Assert.StartsWith($"ready http=http://127.0.0.1:{http} grpc=127.0.0.1:{grpc} ", ready, StringComparison.Ordinal);

        using var web = new HttpClient { BaseAddress = new($"http://127.0.0.1:{http}") };
        Assert.Equal("""{"ok":true}""", await web.GetStringAsync(new Uri("/healthz", UriKind.Relative)));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await web.GetAsync(new Uri("/nothing", UriKind.Relative))).StatusCode);

        var options = new Coordinator.Client.CoordinatorClientOptions { Token = "run-token", Addresses = { new($"http://127.0.0.1:{grpc}") } };
        await using var client = new Coordinator.Client.CoordinatorClient(options);
        await Eventually.TrueAsync(async () => await client.Leases.FindAsync("job/1/2") is not null, Bound, "the sample workers hold leases");

        // The gateway's token is of the two programs that need it, and of nobody who only reads files of others.
        var gateway = Path.Combine(Repository.Root, ".run", "gateway-token");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(gateway));
        var shown = $"COORDINATOR_GATEWAY_TOKEN={(await File.ReadAllTextAsync(gateway)).Trim()}";
        foreach (var (program, has) in new[] { ("Coordinator.dll", true), ("Coordinator.Gateway.dll", true), ("Worker.dll", false) })
        {
            Assert.Equal((program, has), (program, Environment(program, $"{grpc}").Contains(shown)));
        }

        run.Send(Signal.Terminate);
        await run.ExitAsync(TimeSpan.FromSeconds(20));
        Assert.False(Listens(http));
        Assert.False(Listens(grpc));
    }

    [Fact]
    public async Task Run_TakenPort_IsOneSentenceAndExit1()
    {
        using var taken = new TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port;
        await using var run = Start("--http-port", $"{FreePort.Next()}", "--grpc-port", $"{port}");
        Assert.Equal(1, await run.ExitAsync(Bound));
        Assert.Contains($"port {port} is taken", Assert.Single(run.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("src/Coordinator", "Coordinator", "--grpc-port")]
    [InlineData("src/Gateway", "Coordinator.Gateway", "--http-port")]
    public async Task Program_TakenPort_IsExit1(string project, string assembly, string option)
    {
        using var taken = new TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port;
        await using var program = ProgramProcess.Run("dotnet", [Repository.Program(project, assembly), option, $"{port}"], [("COORDINATOR_TOKEN", "t")]);
        Assert.Equal(1, await program.ExitAsync(Bound));
        Assert.Contains(program.Lines, line => line.Contains($"{port}", StringComparison.Ordinal) && line.Contains("in use", StringComparison.Ordinal));
    }

    private static ProgramProcess Start(params string[] arguments) =>
        ProgramProcess.Run("bash", [Path.Combine(Repository.Root, "run.sh"), .. arguments], Built);

    // Of the one process of this program that was started with an argument that ends like this.
    private static string[] Environment(string program, string argument)
    {
        static string[] Parts(string file)
        {
            try
            {
                return File.ReadAllText(file).Split('\0', StringSplitOptions.RemoveEmptyEntries);
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                return [];
            }
        }

        var process = Directory.GetDirectories("/proc").Single(folder =>
            int.TryParse(Path.GetFileName(folder), out _)
            && Parts(Path.Combine(folder, "cmdline")) is var arguments
            && arguments.Any(part => part.EndsWith($"/{program}", StringComparison.Ordinal))
            && arguments.Any(part => part.EndsWith(argument, StringComparison.Ordinal)));
        return Parts(Path.Combine(process, "environ"));
    }

    private static bool Listens(int port)
    {
        try
        {
            using var client = new TcpClient("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^ready http=http://127\.0\.0\.1:\d+ grpc=127\.0\.0\.1:\d+ account=[0-9a-f]{32} token=run-token$")]
    private static partial Regex Ready();
}
