using Coordinator.Client;
using EndToEnd.Tests.Harness;
using System.Text;
using System.Text.Json;

namespace EndToEnd.Tests;

/// <summary>Clients that share no code with this project.</summary>
public sealed class PeerTests : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private CoordinatorProcess _coordinator = null!;

    public async Task InitializeAsync() => _coordinator = await CoordinatorProcess.StartAsync();

    public async Task DisposeAsync() => await _coordinator.DisposeAsync();

    [Fact]
    public async Task Node_GrpcJsWorker_HoldsALeaseForThreeTtlsAndAppends()
    {
        RequirePeers();
        await using var node = ProgramProcess.Run("node",
            [Path.Combine(Repository.Peers, "worker.mjs"), $"127.0.0.1:{_coordinator.Port}", CoordinatorProcess.Token, "node/job", "2000"]);
        Assert.True(await node.ExitAsync(Bound) == 0, string.Join('\n', node.Lines));
        var last = JsonDocument.Parse(node.Lines.Last()).RootElement;
        Assert.True(last.TryGetProperty("released", out _), string.Join('\n', node.Lines));
        var batches = last.GetProperty("batches").GetInt32();
        Assert.InRange(batches, 8, 20);
        await using var client = _coordinator.Client();
        var expected = 0;
        await foreach (var item in client.Events.ReadAsync("node/job"))
        {
            Assert.Equal($"{++expected}", Encoding.ASCII.GetString(Assert.IsType<LogEvent>(item).Payload.Span));
        }

        Assert.Equal(batches, expected);
    }

    [Fact]
    public async Task BufCurl_ByReflection_ListsServices()
    {
        var lines = await CurlAsync("", ["--list-services"]);
        foreach (var service in new[] { "coordinator.v1.Sessions", "coordinator.v1.Leases", "coordinator.v1.Events", "grpc.health.v1.Health" })
        {
            Assert.Contains(service, lines);
        }
    }

    [Fact]
    public async Task BufCurl_ByReflection_CallsUnaryMethods()
    {
        var acquired = await JsonAsync("coordinator.v1.Leases/Acquire", """{"resource":"curl/job","holder":"me","ttlMs":"30000"}""");
        var token = acquired.GetProperty("lease").GetProperty("token").GetString();
        var got = await JsonAsync("coordinator.v1.Leases/Get", """{"resource":"curl/job"}""");
        Assert.Equal(token, got.GetProperty("lease").GetProperty("token").GetString());
        await JsonAsync("coordinator.v1.Leases/Release", $$$"""{"lease":{"resource":"curl/job","token":"{{{token}}}"}}""");
    }

    [Fact]
    public async Task BufCurl_ByReflection_CallsTheStreamingMethods()
    {
        var frames = await CurlAsync("coordinator.v1.Sessions/Connect",
            ["-d", """{"hello":{"workerId":"curl"}}{"acquire":{"requestId":"a","resource":"curl/stream"}}"""]);
        var text = string.Join('\n', frames);
        Assert.Contains("\"welcome\"", text, StringComparison.Ordinal);
        Assert.Contains("\"granted\"", text, StringComparison.Ordinal);
    }

    private async Task<JsonElement> JsonAsync(string method, string body) =>
        JsonDocument.Parse(string.Join('\n', await CurlAsync(method, ["-d", body]))).RootElement;

    private async Task<IReadOnlyCollection<string>> CurlAsync(string method, string[] arguments)
    {
        RequirePeers();
        await using var buf = ProgramProcess.Run(Path.Combine(Repository.Peers, "node_modules", ".bin", "buf"),
        [
            "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--reflect",
            "--reflect-header", $"authorization: Bearer {CoordinatorProcess.Token}", "-H", $"authorization: Bearer {CoordinatorProcess.Token}",
            .. arguments, $"{_coordinator.Address}{method}",
        ]);
        Assert.True(await buf.ExitAsync(Bound) == 0, string.Join('\n', buf.Lines));
        return buf.Lines;
    }

    private static void RequirePeers() => Assert.True(
        Directory.Exists(Path.Combine(Repository.Peers, "node_modules")), "The peers are missing; install them: (cd tests/peers && npm ci)");
}
