using Coordinator.Client;
using EndToEnd.Tests.Harness;

namespace EndToEnd.Tests.Tails;

/// <summary>Several wranglers at once, each with other filters, most of them of one script: each takes its time to start.</summary>
public sealed class WranglersWorld : World
{
    // What tests emit themselves.
    private const string Own = "own-worker";
    private const string Many = "many-worker";

    private readonly Dictionary<string, Wrangler> _wranglers = [];
    private readonly TailWorld _world = new();
    private WorkerSession _session = null!;

    internal Wrangler this[string name] => _wranglers[name];

    internal GatewayProcess Gateway => _world.Gateway;

    /// <summary>What the wrangler "self" reads.</summary>
    internal TracePublisher OwnTraces => _session.Traces(Own);

    /// <summary>What the wrangler "share" reads.</summary>
    internal TracePublisher ManyTraces => _session.Traces(Many);

    protected override async Task StartAsync()
    {
        await _world.InitializeAsync();
        AtEnd(_world.DisposeAsync);
        var client = Part(_world.Coordinator.Client());
        _session = Part(await client.StartWorkerAsync(new() { WorkerId = "emitter", Scripts = [Own, Many] }));
        var gateway = _world.Gateway;
        _wranglers["all"] = Part(Wrangler.Json(gateway));
        _wranglers["pretty"] = Part(new Wrangler(gateway, ["--format", "pretty"]));
        _wranglers["no account"] = Part(new Wrangler(gateway, ["--format", "json"], account: null));
        _wranglers["status"] = Part(Wrangler.Json(gateway, "--status", "error"));
        _wranglers["method"] = Part(Wrangler.Json(gateway, "--method", "GET"));
        _wranglers["search"] = Part(Wrangler.Json(gateway, "--search", "took"));
        _wranglers["header"] = Part(Wrangler.Json(gateway, "--header", "accept:json"));
        _wranglers["sampling"] = Part(Wrangler.Json(gateway, "--sampling-rate", "0.5"));
        _wranglers["ip"] = Part(Wrangler.Json(gateway, "--ip", "192.0.2.7"));
        _wranglers["self"] = Part(new Wrangler(gateway, ["--format", "json", "--ip", "self"], script: Own));
        _wranglers["share"] = Part(new Wrangler(gateway, ["--format", "pretty", "--sampling-rate", "0.3"], script: Many, release: Wrangler.Newer));
    }
}
