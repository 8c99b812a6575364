using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Net;
using System.Text.Json;

namespace EndToEnd.Tests.Surfaces;

/// <summary>
/// Clients that others published, unmodified, and where there is none the documented page's own example; the README's and the docs' lines
/// for curl as they stand there.
/// </summary>
[Collection(SurfaceCollection.Name)]
public sealed class PublishedClientTests(SurfaceWorld world) : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private readonly Rest _rest = new(world.Gateway.Address, CoordinatorProcess.Token);
    private readonly string _folder = Directory.CreateTempSubdirectory("client-").FullName;

    public void Dispose()
    {
        _rest.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task OpenworkOrchestrator_PointedHere_KeepsItsWorkerPresent()
    {
        var program = Path.Combine(Repository.Peers, "node_modules", ".bin", "openwork");
        Assert.True(File.Exists(program), "These tests need the peers: (cd tests/peers && npm ci)");
        var registered = await _rest.OkAsync("/v1/workers", new { });
        var worker = registered.GetProperty("workerId").GetString()!;
        var surroundings = Path.Combine(Repository.Peers, "openwork-surroundings.mjs");
        await using var client = ProgramProcess.Run(program,
            [
                "serve", "--workspace", _folder, "--no-tui", "--approval", "auto", "--log-format", "json", "--openwork-port", $"{FreePort.Next()}",
                "--allow-external", "--sidecar-source", "external", "--opencode-source", "external",
                "--opencode-bin", surroundings, "--openwork-server-bin", surroundings,
            ],
            [
                ("HOME", _folder), ("DEN_RUNTIME_PROVIDER", "daytona"), ("DEN_WORKER_ID", worker),
                ("DEN_ACTIVITY_HEARTBEAT_ENABLED", "1"), ("DEN_ACTIVITY_HEARTBEAT_INTERVAL_SECONDS", "1"),
                ("DEN_ACTIVITY_HEARTBEAT_URL", $"{world.Gateway.Address}v1/workers/{worker}/activity-heartbeat"),
                ("DEN_ACTIVITY_HEARTBEAT_TOKEN", registered.GetProperty("activityToken").GetString()!),
            ]);

        // It says so once a heartbeat was answered with success.
        await Eventually.TrueAsync(
            () => client.HasExited || client.Lines.Count(line => line.Contains("Worker activity heartbeat sent", StringComparison.Ordinal)) >= 2, Bound, "two heartbeats are sent");
        Assert.False(client.HasExited, string.Join('\n', client.Lines));
        Assert.DoesNotContain(client.Lines, line => line.Contains("heartbeat_failed", StringComparison.Ordinal));
        var seen = (await _rest.GetAsync($"/v1/workers/{worker}")).Json.GetProperty("worker");
        Assert.True(seen.GetProperty("present").GetBoolean());
        Assert.True(seen.GetProperty("isActiveRecently").GetBoolean());
        Assert.Equal(1, seen.GetProperty("openSessionCount").GetInt32());
        Assert.Equal(JsonValueKind.String, seen.GetProperty("lastActiveAt").ValueKind);
    }

    [Fact]
    public async Task NodeFetch_ReportPagesExample_IsTaken()
    {
        var run = (await _rest.OkAsync("/api/agents/runs", new { lane_key = "pages", title = "Build" })).GetProperty("run").GetProperty("id").GetString()!;
        await _rest.OkAsync($"/api/agents/runs/{run}/claim", new { worker_id = "example" });
        var shown = JsonDocument.Parse(Assert.Single(await NodeAsync("report", run))).RootElement;
        Assert.True(shown.GetProperty("ok").GetBoolean());
        Assert.Equal("running", shown.GetProperty("run").GetProperty("state").GetString());
    }

    [Fact]
    public async Task NodeFetch_HeartbeatPagesExample_KeepsTheTunnel()
    {
        var tunnel = (await _rest.OkAsync("/v1/tunnels", new { port = 3000 })).GetProperty("tunnelId").GetString()!;
        var lines = await NodeAsync("beat", tunnel);
        Assert.Equal(3, lines.Count);
        Assert.All(lines, line => Assert.Matches(@"^Lease expires at: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", line));
    }

    [Theory]
    [InlineData("README.md", "## Ask over REST")]
    [InlineData("docs/SURFACES.md", "# ")]
    public async Task CurlLines_AsWritten_Succeed(string file, string from)
    {
        var blocks = Blocks(await File.ReadAllTextAsync(Path.Combine(Repository.Root, file)), from);
        Assert.NotEmpty(blocks);
        var script = string.Join('\n', blocks.Prepend("set -euo pipefail"))
            .Replace("http://127.0.0.1:8080", world.Gateway.Address.ToString().TrimEnd('/'), StringComparison.Ordinal)
            .Replace("$(cat .run/token)", CoordinatorProcess.Token, StringComparison.Ordinal)
            .Replace("curl ", "curl --fail-with-body --silent --show-error --max-time 20 ", StringComparison.Ordinal);
        await using var bash = ProgramProcess.Run("bash", ["-c", script]);
        Assert.True(await bash.ExitAsync(Bound) == 0, string.Join('\n', bash.Lines));
        Assert.Contains(bash.Lines, line => line.Contains("\"ok\":true", StringComparison.Ordinal));
    }

    private async Task<IReadOnlyCollection<string>> NodeAsync(string page, string id)
    {
        await using var node = ProgramProcess.Run("node",
            [Path.Combine(Repository.Peers, "pages.mjs"), page, world.Gateway.Address.ToString().TrimEnd('/'), id, CoordinatorProcess.Token]);
        Assert.True(await node.ExitAsync(Bound) == 0, string.Join('\n', node.Lines));
        return node.Lines;
    }

    // What stands between ```sh and ```, from a heading to the next of its rank.
    private static List<string> Blocks(string text, string from)
    {
        var begin = text.IndexOf(from, StringComparison.Ordinal);
        Assert.True(begin >= 0, $"There is no heading {from}.");
        var end = from == "# " ? text.Length : text.IndexOf("\n## ", begin + 1, StringComparison.Ordinal);
        return [.. text[begin..(end < 0 ? text.Length : end)].Split("```sh\n").Skip(1).Select(block => block.Split("```")[0])];
    }
}
