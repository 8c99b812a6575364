using Coordinator.Client;
using EndToEnd.Tests.Harness;

namespace EndToEnd.Tests.Tails;

/// <summary>Several wranglers at once, each with other filters, most of them of one script: each takes its time to start.</summary>
public sealed class WranglersWorld : IAsyncLifetime
{
    // What tests emit themselves.
    private const string Own = "own-worker";
    private const string Many = "many-worker";

    private readonly Dictionary<string, Wrangler> _wranglers = [];
    private readonly TailWorld _world = new();
    private CoordinatorClient? _client;
    private WorkerSession? _session;

    internal Wrangler this[string name] => _wranglers[name];

    internal GatewayProcess Gateway => _world.Gateway;

    /// <summary>What the wrangler "self" reads.</summary>
    internal TracePublisher OwnTraces => _session!.Traces(Own);

    /// <summary>What the wrangler "share" reads.</summary>
    internal TracePublisher ManyTraces => _session!.Traces(Many);

    public async Task InitializeAsync()
    {
        await _world.InitializeAsync();
        _client = _world.Coordinator.Client();
        _session = await _client.StartWorkerAsync(new() { WorkerId = "emitter", Scripts = [Own, Many] });
        var gateway = _world.Gateway;
        _wranglers["all"] = Wrangler.Json(gateway);
        _wranglers["pretty"] = new(gateway, ["--format", "pretty"]);
        _wranglers["no account"] = new(gateway, ["--format", "json"], account: null);
        _wranglers["status"] = Wrangler.Json(gateway, "--status", "error");
        _wranglers["method"] = Wrangler.Json(gateway, "--method", "GET");
        _wranglers["search"] = Wrangler.Json(gateway, "--search", "took");
        _wranglers["header"] = Wrangler.Json(gateway, "--header", "accept:json");
        _wranglers["sampling"] = Wrangler.Json(gateway, "--sampling-rate", "0.5");
        _wranglers["ip"] = Wrangler.Json(gateway, "--ip", "192.0.2.7");
        _wranglers["self"] = new(gateway, ["--format", "json", "--ip", "self"], script: Own);
        _wranglers["share"] = new(gateway, ["--format", "pretty", "--sampling-rate", "0.3"], script: Many, release: Wrangler.Newer);
    }

    public async Task DisposeAsync()
    {
        foreach (var wrangler in _wranglers.Values)
        {
            await wrangler.DisposeAsync();
        }

        await _session!.DisposeAsync();
        await _client!.DisposeAsync();
        await _world.DisposeAsync();
    }
}
