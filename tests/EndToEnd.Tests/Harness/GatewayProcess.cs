namespace EndToEnd.Tests.Harness;

/// <summary>A gateway as its own process, in front of coordinators.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private const string Listening = "listening http=";
    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(30);

    private GatewayProcess(ProgramProcess process, Uri address) => (Process, Address) = (process, address);

    public ProgramProcess Process { get; }

    public Uri Address { get; }

    public int Port => Address.Port;

    public static Task<GatewayProcess> StartAsync(params CoordinatorProcess[] coordinators) =>
        StartAsync([.. coordinators.Select(coordinator => coordinator.Address)]);

    /// <summary>Further arguments are the gateway's own.</summary>
    public static Task<GatewayProcess> StartAsync(Uri[] coordinators, params string[] arguments) => StartAtAsync(0, coordinators, arguments);

    /// <summary>On a port, or on any that is free for 0.</summary>
    public static async Task<GatewayProcess> StartAtAsync(int port, Uri[] coordinators, params string[] arguments)
    {
        var process = ProgramProcess.Run("dotnet",
            [Repository.Program("src/Gateway", "Coordinator.Gateway"), "--http-port", $"{port}", "--coordinators", string.Join(',', coordinators.AsEnumerable()), .. arguments],
            [("COORDINATOR_GATEWAY_TOKEN", CoordinatorProcess.GatewayToken)]);
        var line = await process.ReadyAsync(Listening, StartBound, "the gateway listens");
        return new(process, new(line[Listening.Length..].Split(' ')[0]));
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
