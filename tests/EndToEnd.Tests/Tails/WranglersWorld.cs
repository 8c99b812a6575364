using EndToEnd.Tests.Harness;

namespace EndToEnd.Tests.Tails;

/// <summary>Several wranglers at once, each with other filters, all of one script: each takes its time to start.</summary>
public sealed class WranglersWorld : IAsyncLifetime
{
    private readonly Dictionary<string, Wrangler> _wranglers = [];
    private readonly TailWorld _world = new();

    internal Wrangler this[string name] => _wranglers[name];

    internal GatewayProcess Gateway => _world.Gateway;

    /// <summary>How many there are.</summary>
    internal int Count => _wranglers.Count;

    public async Task InitializeAsync()
    {
        await _world.InitializeAsync();
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
        _wranglers["self"] = Wrangler.Json(gateway, "--ip", "self");
    }

    public async Task DisposeAsync()
    {
        foreach (var wrangler in _wranglers.Values)
        {
            await wrangler.DisposeAsync();
        }

        await _world.DisposeAsync();
    }
}
