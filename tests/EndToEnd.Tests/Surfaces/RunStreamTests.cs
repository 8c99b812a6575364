using Coordinator.V1;
using EndToEnd.Tests.Harness;
using Grpc.Core;
using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace EndToEnd.Tests.Surfaces;

/// <summary>A run's events as Server-Sent Events.</summary>
[Collection(SurfaceCollection.Name)]
public sealed class RunStreamTests(SurfaceWorld world)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Follow_LiveAndAgainFromTheLastId_ShowsEveryEventOnce()
    {
        using var rest = new Rest(world.Gateway.Address, await world.TokenAsync("*"));
        var run = await ClaimedAsync(rest);
        await ReportAsync(rest, run, 1);
        using (var first = await rest.FollowAsync($"/api/agents/runs/{run}/events"))
        {
            Assert.Equal((1, 1), await NextAsync(first));
            await ReportAsync(rest, run, 2);
            Assert.Equal((2, 2), await NextAsync(first));
        }

        await ReportAsync(rest, run, 3);
        using var again = await rest.FollowAsync($"/api/agents/runs/{run}/events", lastEventId: "2");
        Assert.Equal((3, 3), await NextAsync(again));
        using var after = await rest.FollowAsync($"/api/agents/runs/{run}/events?after=1");
        Assert.Equal((2, 2), await NextAsync(after));
    }

    [Fact]
    public async Task Follow_ByMoreThanOneConnectionCarries_EachIsShownAndReportsGoOn()
    {
        // More than the hundred calls that one HTTP/2 connection between gateway and coordinator carries at once.
        using var rest = new Rest(world.Gateway.Address, await world.TokenAsync("*"));
        var run = await ClaimedAsync(rest);
        using var many = new Rest(world.Gateway.Address, await world.TokenAsync("*"), connections: 200);
        var streams = await Task.WhenAll(Enumerable.Range(0, 150).Select(_ => many.FollowAsync($"/api/agents/runs/{run}/events")));
        await ReportAsync(rest, run, 1);
        Assert.All(await Task.WhenAll(streams.Select(NextAsync)), shown => Assert.Equal((1, 1), shown));
        Array.ForEach(streams, stream => stream.Dispose());
    }

    [Fact]
    public async Task Follow_AnotherAccountsRun_IsNotFound()
    {
        using var mine = new Rest(world.Gateway.Address, await world.TokenAsync("*"));
        var run = await ClaimedAsync(mine);
        var answer = await RawHttp.SendAsync(world.Gateway.Port, "GET", $"/api/agents/runs/{run}/events",
            [$"Authorization: Bearer {await world.OutsiderAsync()}", "Accept: text/event-stream"]);
        Assert.Equal((404, "application/json"), (answer.Status, answer.Header("content-type")));
        Assert.Equal("RUN_NOT_FOUND", JsonDocument.Parse(answer.Body).RootElement.GetProperty("code").GetString());
    }

    [Fact] // S4
    public async Task Follow_CredentialRevoked_EndsWithin5Seconds()
    {
        var access = new Access.AccessClient(world.Coordinator.Channel);
        var made = await access.CreateTokenAsync(new() { Kind = "user", Subject = $"s-{Guid.NewGuid():N}", Scopes = { "*" } }, CoordinatorProcess.Headers);
        using var rest = new Rest(world.Gateway.Address, made.Token);
        var run = await ClaimedAsync(rest);
        await ReportAsync(rest, run, 1);
        using var stream = await rest.FollowAsync($"/api/agents/runs/{run}/events");
        Assert.Equal((1, 1), await NextAsync(stream));
        await access.RevokeTokenAsync(new() { Id = made.Info.Id }, CoordinatorProcess.Headers);
        var clock = Stopwatch.StartNew();
        await stream.ReadToEndAsync().WaitAsync(Bound);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        var refused = await rest.GetAsync($"/api/agents/runs/{run}");
        Assert.Equal((HttpStatusCode.Unauthorized, "UNAUTHENTICATED"), (refused.Status, refused.Json.GetProperty("code").GetString()));
    }

    private static async Task<string> ClaimedAsync(Rest rest)
    {
        var run = (await rest.OkAsync("/api/agents/runs", new { lane_key = "stream", title = "Build" })).GetProperty("run").GetProperty("id").GetString()!;
        await rest.OkAsync($"/api/agents/runs/{run}/claim", new { worker_id = "example" });
        return run;
    }

    private static Task<JsonElement> ReportAsync(Rest rest, string run, int number) =>
        rest.OkAsync($"/api/agents/runs/{run}/events", new { worker_id = "example", events = new[] { new { type = "action", payload = new { number } } } });

    // The next event's id and what was reported; comments that keep the connection are passed over.
    private static async Task<(int Id, int Number)> NextAsync(StreamReader stream)
    {
        using var late = new CancellationTokenSource(Bound);
        var id = "";
        while (await stream.ReadLineAsync(late.Token) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = line[4..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                var shown = JsonDocument.Parse(line[6..]).RootElement;
                Assert.Equal(id, shown.GetProperty("sequence").GetRawText());
                return (int.Parse(id, System.Globalization.CultureInfo.InvariantCulture), shown.GetProperty("payload").GetProperty("number").GetInt32());
            }
        }

        throw new InvalidOperationException("The stream ended.");
    }
}
