using Coordinator.Testing;
using Coordinator.V1;
using EndToEnd.Tests.Harness;
using EndToEnd.Tests.Surfaces.Scripts;
using Grpc.Core;
using System.Text.Json;

namespace EndToEnd.Tests.Surfaces;

/// <summary>One coordinator and one gateway for all tests that only ask and answer, and an account beside theirs.</summary>
public class SurfaceWorld : World
{
    private static readonly string[] ManyTunnels = ["--tunnels-per-account", "1000"];
    private readonly bool _embedded;
    private const string OtherTenant = "fedcba9876543210fedcba9876543210";
    private const string OtherToken = "the-other-account's-token";
    private readonly System.Collections.Concurrent.ConcurrentBag<string> _secrets = [CoordinatorProcess.Token, CoordinatorProcess.GatewayToken, OtherToken];
    private CoordinatorProcess? _other;

    public SurfaceWorld()
    {
    }

    private protected SurfaceWorld(bool embedded) => _embedded = embedded;

    internal CoordinatorProcess Coordinator { get; private set; } = null!;

    internal GatewayProcess Gateway { get; private set; } = null!;

    protected override async Task StartAsync()
    {
        // As many tunnels as there are cases that make one: the limit is ShortLeaseTests'.
        if (_embedded)
        {
            Coordinator = Part(await CoordinatorProcess.StartAsync(null, ManyTunnels));
        }
        else
        {
            var redis = Part(await RedisServer.StartAsync());
            Coordinator = Part(await CoordinatorProcess.StartAsync(redis.Configuration, ManyTunnels));
            _other = Part(await CoordinatorProcess.StartAtAsync(0, redis.Configuration, OtherTenant, OtherToken, ManyTunnels));
        }

        Gateway = Part(await GatewayProcess.StartAsync(Coordinator));
    }

    protected override void Check()
    {
        Assert.False(Coordinator.Process.HasExited || Gateway.Process.HasExited, "A process died of what it was asked.");
        var lines = Coordinator.Process.Lines.Concat(Gateway.Process.Lines).ToList();
        Assert.DoesNotContain(_secrets, secret => lines.Any(line => line.Contains(secret, StringComparison.Ordinal))); // S3
    }

    internal Task PlayAsync(Case one) => new CaseRunner(Gateway.Port, MakeAsync).PlayAsync(one);

    /// <summary>A new credential of the tests' account, of a subject of its own.</summary>
    internal Task<string> TokenAsync(params string[] scopes) => TokenAsync(Coordinator, CoordinatorProcess.Token, scopes);

    /// <summary>A new credential of the account beside.</summary>
    internal Task<string> OutsiderAsync() => TokenAsync(_other ?? throw new InvalidOperationException("The embedded store has one account."), OtherToken, "*");

    private async Task<string> TokenAsync(CoordinatorProcess coordinator, string by, params string[] scopes)
    {
        var request = new AccessCreateTokenRequest { Kind = "user", Subject = $"s-{Guid.NewGuid():N}", Scopes = { scopes } };
        var made = await new Access.AccessClient(coordinator.Channel).CreateTokenAsync(request, new Metadata { { "authorization", $"Bearer {by}" } });
        _secrets.Add(made.Token);
        return made.Token;
    }

    // What cases name without having made it.
    internal async Task<string> MakeAsync(CaseRunner runner, string name)
    {
        switch (name)
        {
            case "token" or "neighbour":
                return await TokenAsync("*");
            case "outsider":
                return await OutsiderAsync();
            case "powerless":
                return await TokenAsync("leases:read");
            case "lane" or "key" or "slug":
                return Guid.NewGuid().ToString("N")[..20];
            case "run":
                return await QueueAsync(runner);
            case "claimed":
                var run = await QueueAsync(runner);
                var claim = await runner.CallAsync("POST", $"/api/agents/runs/{run}/claim", """{"worker_id":"example"}""");
                runner.Keep("claim", Field(claim, "fencing_token"));
                return run;
            case "claim":
                await runner.KnownAsync("claimed");
                return await runner.KnownAsync("claim");
            case "foreign":
                return await QueueAsync(runner, $"Authorization: Bearer {await runner.KnownAsync("outsider")}");
            case "worker" or "activity":
                return await WorkerAsync(runner, name, "worker", "activity");
            case "elseworker" or "elseactivity":
                return await WorkerAsync(runner, name, "elseworker", "elseactivity");
            case "outworker" or "outactivity":
                return await WorkerAsync(runner, name, "outworker", "outactivity", $"Authorization: Bearer {await runner.KnownAsync("outsider")}");
            case "tunnel" or "host" or "runtime":
                return await TunnelAsync(runner, name, "tunnel", "host", "runtime");
            case "elsetunnel" or "elsehost" or "elseruntime":
                return await TunnelAsync(runner, name, "elsetunnel", "elsehost", "elseruntime");
            case "outtunnel" or "outhost":
                return await TunnelAsync(runner, name, "outtunnel", "outhost", "outruntime", $"Authorization: Bearer {await runner.KnownAsync("outsider")}");
            case "uppertoken":
                return (await runner.KnownAsync("token")).ToUpperInvariant();
            case "upperclaimed":
                return (await runner.KnownAsync("claimed")).ToUpperInvariant();
            case "uppertunnel":
                return (await runner.KnownAsync("tunnel")).ToUpperInvariant();
            default:
                throw new InvalidOperationException($"Nothing is known as {name}.");
        }
    }

    private static async Task<string> QueueAsync(CaseRunner runner, params string[] headers)
    {
        var answer = await runner.CallAsync("POST", "/api/agents/runs", """{"lane_key":"{lane}","title":"Build","role":"backend"}""", headers);
        return JsonDocument.Parse(answer).RootElement.GetProperty("run").GetProperty("id").GetString()!;
    }

    private static async Task<string> WorkerAsync(CaseRunner runner, string name, string id, string token, params string[] headers)
    {
        var answer = await runner.CallAsync("POST", "/v1/workers", "{}", headers);
        runner.Keep(id, Field(answer, "workerId"));
        runner.Keep(token, Field(answer, "activityToken"));
        return await runner.KnownAsync(name);
    }

    private static async Task<string> TunnelAsync(CaseRunner runner, string name, string id, string host, string token, params string[] headers)
    {
        var answer = await runner.CallAsync("POST", "/v1/tunnels", """{"port":3000}""", headers);
        runner.Keep(id, Field(answer, "tunnelId"));
        runner.Keep(host, Field(answer, "hostname"));
        runner.Keep(token, Field(answer, "tunnelRunToken"));
        return await runner.KnownAsync(name);
    }

    private static string Field(string json, string name) => JsonDocument.Parse(json).RootElement.GetProperty(name).GetString()!;
}

/// <summary>The same on the embedded store, which has no account beside.</summary>
public sealed class EmbeddedWorld() : SurfaceWorld(embedded: true);

/// <summary>The classes that share one <see cref="SurfaceWorld"/>.</summary>
[CollectionDefinition(Name)]
public sealed class SurfaceCollection : ICollectionFixture<SurfaceWorld>
{
    public const string Name = "surfaces";
}
