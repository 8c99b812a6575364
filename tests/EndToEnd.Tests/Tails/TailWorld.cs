using EndToEnd.Tests.Harness;

namespace EndToEnd.Tests.Tails;

/// <summary>A coordinator, a gateway and the sample worker, which emits an event of its script every second.</summary>
public class TailWorld : World
{
    /// <summary>What the sample worker ships.</summary>
    internal const string Script = "demo-worker";

    /// <summary>How long a tail outlives its reader.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private readonly string[] _options;
    private ProgramProcess _worker = null!;

    public TailWorld()
        : this("--tail-grace-seconds", $"{Grace.TotalSeconds}")
    {
    }

    /// <param name="options">The coordinator's.</param>
    protected TailWorld(params string[] options) => _options = options;

    internal CoordinatorProcess Coordinator { get; private set; } = null!;

    internal GatewayProcess Gateway { get; private set; } = null!;

    /// <summary>Where the tails of a script are started and listed.</summary>
    internal static string Tails(string script = Script) => $"/client/v4/accounts/{CoordinatorProcess.Tenant}/workers/scripts/{script}/tails";

    protected override async Task StartAsync()
    {
        Coordinator = Part(await CoordinatorProcess.StartAsync(null, _options));
        _worker = Part(await WorkAsync(Coordinator));
        Gateway = Part(await GatewayProcess.StartAsync(Coordinator));
    }

    protected override void Check() =>
        Assert.False(Coordinator.Process.HasExited || Gateway.Process.HasExited || _worker.HasExited, "A process died of what it was asked.");

    /// <summary>The sample worker, once its script is known.</summary>
    internal static async Task<ProgramProcess> WorkAsync(params CoordinatorProcess[] coordinators)
    {
        var worker = WorkerProcess.Start(coordinators.Select(coordinator => coordinator.Address), "--script", Script);
        await worker.ReadyAsync("connected ", Bound, "the worker is connected");
        return worker;
    }

    /// <summary>The tails of the script, as they are listed.</summary>
    internal static async Task<int> CountAsync(Rest rest) => (await rest.GetAsync(Tails())).Json.GetProperty("result").GetProperty("tails").GetArrayLength();
}

/// <summary>The classes that share one <see cref="TailWorld"/>.</summary>
[CollectionDefinition(Name)]
public sealed class TailCollection : ICollectionFixture<TailWorld>
{
    public const string Name = "tails";
}
