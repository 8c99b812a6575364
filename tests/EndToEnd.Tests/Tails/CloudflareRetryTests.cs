using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>The published <c>cloudflare</c> package, unmodified: it tries again what another try may cure, twice and when it is told to.</summary>
[Collection(TailCollection.Name)]
public sealed class CloudflareRetryTests(TailWorld world)
{
    // As many as a script may have.
    private const int Most = 10;
    private const int UsualTries = 3;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task TooManyTails_IsTriedAgainAndThenARateLimitError()
    {
        await FillAsync("crowded");
        await using var node = Node(world.Gateway, "full", "crowded");
        var told = await ToldAsync(node);
        foreach (var (name, tries) in new[] { ("usual", UsualTries), ("once", 1) })
        {
            var given = told.GetProperty(name);
            Assert.Equal(("RateLimitError", 429), (given.GetProperty("type").GetString(), given.GetProperty("status").GetInt32()));
            Assert.Equal(10_057, Assert.Single(given.GetProperty("errors").EnumerateArray()).GetProperty("code").GetInt32());
            Assert.Equal(Enumerable.Repeat(429, tries), Answers(given));
        }
    }

    [Fact]
    public async Task TooManyTails_RoomAppears_IsTriedAgainAndCreated()
    {
        await FillAsync("filled");
        await using var node = Node(world.Gateway, "room", "filled");
        var told = await ToldAsync(node);
        Assert.Equal([429, 200], Answers(told));
        Assert.Matches("^[0-9a-f]{32}$", told.GetProperty("answered").GetProperty("id").GetString());
    }

    [Fact]
    public async Task NoCoordinator_IsTriedAgainUntilOneIsBack()
    {
        var coordinator = await CoordinatorProcess.StartAsync(null, "--tails-ahead-of-workers");
        await using var gateway = await GatewayProcess.StartAsync(coordinator);
        coordinator.Process.Send(Signal.Kill);
        await coordinator.Process.ExitAsync(Bound);
        await coordinator.DisposeAsync();
        await using var node = Node(gateway, "away", "any");
        await node.LineAsync(line => line == "away", Bound, "the client has given up at first");
        await using var again = await CoordinatorProcess.StartAtAsync(
            coordinator.Port, null, CoordinatorProcess.Tenant, CoordinatorProcess.Token, "--tails-ahead-of-workers");
        var told = await ToldAsync(node);
        Assert.All(told.GetProperty("usual").EnumerateArray(), given =>
        {
            Assert.Equal(("InternalServerError", 503), (given.GetProperty("type").GetString(), given.GetProperty("status").GetInt32()));
            Assert.Equal(Enumerable.Repeat(503, UsualTries), Answers(given));
        });
        Assert.All(told.GetProperty("patient").EnumerateArray(), given =>
        {
            var statuses = Answers(given);
            Assert.Equal(Enumerable.Repeat(503, statuses.Count - 1).Append(200), statuses);
            Assert.True(statuses.Count > 1 && given.TryGetProperty("answered", out _));
        });
    }

    // The statuses. Each but the last told when to come again and did not advise against it, and the next request kept to that.
    private static List<int> Answers(JsonElement told)
    {
        var answers = told.GetProperty("answers").EnumerateArray().ToList();
        foreach (var (before, after) in answers.Zip(answers.Skip(1)))
        {
            Assert.Equal(("1", JsonValueKind.Null), (before.GetProperty("retryAfter").GetString(), before.GetProperty("shouldRetry").ValueKind));
            // Timers of Node may be a millisecond early.
            Assert.InRange(after.GetProperty("asked").GetDouble() - before.GetProperty("came").GetDouble(), 995, 5_000);
        }

        return [.. answers.Select(answer => answer.GetProperty("status").GetInt32())];
    }

    private static ProgramProcess Node(GatewayProcess gateway, string page, string script)
    {
        Assert.True(Directory.Exists(Path.Combine(Repository.Peers, "node_modules", "cloudflare")), "These tests need the peers: (cd tests/peers && npm ci)");
        return ProgramProcess.Run("node", [Path.Combine(Repository.Peers, "cloudflare-retries.mjs"), page, $"{gateway.Address}client/v4", CoordinatorProcess.Tenant, script],
            [("CLOUDFLARE_API_TOKEN", CoordinatorProcess.Token)]);
    }

    private static async Task<JsonElement> ToldAsync(ProgramProcess node)
    {
        Assert.True(await node.ExitAsync(Bound) == 0, string.Join('\n', node.Lines));
        return JsonDocument.Parse(node.Lines.Last()).RootElement;
    }

    // A worker names the script, which then gets as many tails as it may have.
    private async Task FillAsync(string script)
    {
        await using var client = world.Coordinator.Client();
        await using var session = await client.StartWorkerAsync(new() { WorkerId = script, Scripts = [script] });
        using var rest = new Rest(world.Gateway.Address, CoordinatorProcess.Token);
        for (var i = 0; i < Most; i++)
        {
            await rest.OkAsync(TailWorld.Tails(script), new { });
        }
    }
}
