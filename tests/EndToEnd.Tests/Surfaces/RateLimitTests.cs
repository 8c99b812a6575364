using Coordinator.Testing;
using Coordinator.V1;
using EndToEnd.Tests.Harness;
using System.Globalization;
using System.Net;

namespace EndToEnd.Tests.Surfaces;

/// <summary>Two gateways that trust nobody, and one behind a proxy, in front of one coordinator.</summary>
public sealed class LimitedWorld : World
{
    internal CoordinatorProcess Coordinator { get; private set; } = null!;

    internal GatewayProcess One { get; private set; } = null!;

    internal GatewayProcess Other { get; private set; } = null!;

    internal GatewayProcess BehindProxy { get; private set; } = null!;

    protected override async Task StartAsync()
    {
        var redis = Part(await RedisServer.StartAsync());
        Coordinator = Part(await CoordinatorProcess.StartAsync(redis.Configuration));
        One = Part(await GatewayProcess.StartAsync(Coordinator));
        Other = Part(await GatewayProcess.StartAsync(Coordinator));
        BehindProxy = Part(await GatewayProcess.StartAsync([Coordinator.Address], "--trusted-proxies", "127.0.0.1"));
    }
}

/// <summary>S5: limits are held over all gateways and are not escaped by what a client says of itself.</summary>
public sealed class RateLimitTests(LimitedWorld world) : IClassFixture<LimitedWorld>
{
    private const int Runs = 600;
    private const int Tunnels = 100;
    private const string Report = "/api/agents/runs/2489E9AD-2EE2-8E00-8EC9-32D5F69181C0/events";
    private const string Beat = "/v1/tunnels/my-app.example.com/heartbeat";
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Report_601InAMinuteThroughTwoGateways_TheLastIsRefusedWhateverItSays()
    {
        using var one = new Rest(world.One.Address, CoordinatorProcess.Token);
        using var other = new Rest(world.Other.Address, CoordinatorProcess.Token);
        await FreshWindowAsync(one, Report, "RateLimit");
        var answers = await SendAsync(Runs - 1, at => at % 2 == 0 ? one : other, Report);
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.NotFound, answer.Status));
        Assert.Equal(Runs - 1, answers.Select(answer => answer.Headers["RateLimit-Remaining"]).Distinct().Count());
        Assert.Contains(answers, answer => answer.Headers["RateLimit-Remaining"] == "0");
        foreach (var client in new[] { one, other })
        {
            var refused = await PostAsync(client, Report);
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
            Assert.Equal("RATE_LIMITED", refused.Json.GetProperty("code").GetString());
            Assert.False(string.IsNullOrEmpty(refused.Json.GetProperty("error").GetString()));
            Assert.InRange(refused.Json.GetProperty("retryAfter").GetInt32(), 1, 60);
            Assert.InRange(Number(refused, "Retry-After"), 1, 60);
            Assert.Equal((Runs, 0), (Number(refused, "RateLimit-Limit"), Number(refused, "RateLimit-Remaining")));
            Assert.InRange(Number(refused, "RateLimit-Reset"), 1, 60);
            Assert.False(refused.Headers.ContainsKey("x-should-retry"), "A retry later is right.");
        }

        // Neither forged addresses nor another way to write the path, nor another credential or none.
        foreach (var forged in new[] { "1.2.3.4", "2001:db8::1", "127.0.0.1", "unknown" })
        {
            using var liar = new Rest(world.One.Address, CoordinatorProcess.Token, forged);
            Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(liar, Report)).Status);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(one, Report.Replace("events", "%65vents", StringComparison.Ordinal))).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(one, Report.ToLowerInvariant())).Status);
        using var nobody = new Rest(world.One.Address, null);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(nobody, Report)).Status);

        // The limit is this route's alone, and this address's.
        Assert.Equal(HttpStatusCode.NotFound, (await one.GetAsync(Report.Replace("/events", "", StringComparison.Ordinal))).Status);
        using var elsewhere = new Rest(world.BehindProxy.Address, CoordinatorProcess.Token, "203.0.113.7");
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(elsewhere, Report)).Status);
    }

    [Fact]
    public async Task Report_FromAnIPv6Network_CountsAsOne()
    {
        using var first = new Rest(world.BehindProxy.Address, CoordinatorProcess.Token, "2001:db8:1:2::1");
        await FreshWindowAsync(first, Report, "RateLimit");
        var neighbours = Enumerable.Range(2, 4).Select(at => new Rest(world.BehindProxy.Address, CoordinatorProcess.Token, $"2001:db8:1:2:{at:x}::{at:x}")).ToList();
        await SendAsync(Runs - 1, at => neighbours[at % neighbours.Count], Report);
        foreach (var neighbour in neighbours.Prepend(first))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(neighbour, Report)).Status);
            neighbour.Dispose();
        }

        foreach (var spelling in new[] { "2001:DB8:0001:0002:ffff::1", "1.1.1.1, 2001:db8:1:2::9" })
        {
            using var same = new Rest(world.BehindProxy.Address, CoordinatorProcess.Token, spelling);
            Assert.Equal((spelling, HttpStatusCode.TooManyRequests), (spelling, (await PostAsync(same, Report)).Status));
        }

        using var beside = new Rest(world.BehindProxy.Address, CoordinatorProcess.Token, "2001:db8:1:3::1");
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(beside, Report)).Status);
    }

    [Fact]
    public async Task Tunnels_101InAMinuteWithOneCredential_TheLastIsRefusedAndNobodyElse()
    {
        using var one = new Rest(world.One.Address, await TokenAsync());
        using var neighbour = new Rest(world.One.Address, await TokenAsync());
        await FreshWindowAsync(one, Beat, "x-ratelimit");
        var answers = await SendAsync(Tunnels - 1, _ => one, Beat);
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.NotFound, answer.Status));
        var refused = await one.PostAsync(Beat);
        Assert.Equal((HttpStatusCode.TooManyRequests, "RATE_LIMITED"), (refused.Status, refused.Json.GetProperty("code").GetString()));
        Assert.InRange(Number(refused, "Retry-After"), 1, 60);
        Assert.Equal((Tunnels, 0), (Number(refused, "x-ratelimit-limit"), Number(refused, "x-ratelimit-remaining")));
        Assert.InRange(Number(refused, "x-ratelimit-reset"), 1, long.MaxValue);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await one.PostAsync("/v1/tunnels", new { port = 3000 })).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await neighbour.PostAsync(Beat)).Status);
    }

    [Fact]
    public async Task Tunnels_101InAMinuteWithoutACredential_CountByAddress()
    {
        using var nobody = new Rest(world.One.Address, null);
        await FreshWindowAsync(nobody, Beat, "x-ratelimit");
        var answers = await SendAsync(Tunnels - 1, _ => nobody, Beat);
        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.Unauthorized, "MISSING_AUTH"), (answer.Status, answer.Json.GetProperty("code").GetString())));
        var refused = await nobody.PostAsync(Beat);
        Assert.Equal((HttpStatusCode.TooManyRequests, "RATE_LIMITED"), (refused.Status, refused.Json.GetProperty("code").GetString()));
        using var elsewhere = new Rest(world.BehindProxy.Address, null, "203.0.113.8");
        Assert.Equal(HttpStatusCode.Unauthorized, (await elsewhere.PostAsync(Beat)).Status);
        using var somebody = new Rest(world.One.Address, await TokenAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await somebody.PostAsync(Beat)).Status);
    }

    private static Task<Answer> PostAsync(Rest client, string path) => client.PostAsync(path, new { worker_id = "example" });

    private static async Task<IReadOnlyList<Answer>> SendAsync(int count, Func<int, Rest> client, string path)
    {
        var answers = new Answer[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (at, _) => answers[at] = await PostAsync(client(at), path));
        return answers;
    }

    // One call, counted: in a window with time enough left for what follows.
    private static async Task FreshWindowAsync(Rest client, string path, string prefix)
    {
        var left = TimeSpan.FromSeconds(Number(await PostAsync(client, path), $"{prefix}-Reset"));
        if (left < Enough)
        {
            var begins = TimeProvider.System.GetUtcNow() + left;
            await Eventually.TrueAsync(() => TimeProvider.System.GetUtcNow() > begins, Enough * 2, "the next window begins");
            Assert.True(Number(await PostAsync(client, path), $"{prefix}-Reset") > Enough.TotalSeconds, "The window that had to begin did not.");
        }
    }

    private async Task<string> TokenAsync()
    {
        var request = new AccessCreateTokenRequest { Kind = "user", Subject = $"s-{Guid.NewGuid():N}", Scopes = { "tunnels:write" } };
        return (await new Access.AccessClient(world.Coordinator.Channel).CreateTokenAsync(request, CoordinatorProcess.Headers)).Token;
    }

    private static long Number(Answer answer, string header) => long.Parse(answer.Headers[header], CultureInfo.InvariantCulture);
}
