using EndToEnd.Tests.Harness;
using EndToEnd.Tests.Surfaces.Scripts;

namespace EndToEnd.Tests.Surfaces;

/// <summary>S1 and S2: nothing without a credential, and what another account has cannot be told from what nobody has.</summary>
[Collection(SurfaceCollection.Name)]
public sealed class AccountsTests(SurfaceWorld world)
{
    private const string NoRun = "2489e9ad-2ee2-8e00-8ec9-32d5f69181c0";
    private const string NoWorker = "wrk_01hzzzzzzzzzzzzzzzzzzzzzzz";
    private const string NoTunnel = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";

    // Every operation that names a run, a worker or a tunnel.
    private static readonly (string Method, string Path, string? Body)[] ByName =
    [
        ("GET", "/api/agents/runs/{run}", null),
        ("POST", "/api/agents/runs/{run}/claim", """{"worker_id":"example"}"""),
        ("POST", "/api/agents/runs/{run}/events", """{"worker_id":"example"}"""),
        ("POST", "/api/agents/runs/{run}/events", """{"worker_id":"example","fencing_token":"5","batch_sequence":1}"""),
        ("POST", "/api/agents/runs/{run}/release", """{"worker_id":"example"}"""),
        ("POST", "/api/agents/runs/{run}/cancel", "{}"),
        ("POST", "/api/agents/runs/{run}/pause", "{}"),
        ("POST", "/api/agents/runs/{run}/resume", "{}"),
        ("GET", "/api/agents/runs/{run}/events", null),
        ("GET", "/v1/workers/{worker}", null),
        ("DELETE", "/v1/workers/{worker}", null),
        ("POST", "/v1/workers/{worker}/activity-heartbeat", """{"isActiveRecently":true}"""),
        ("POST", "/v1/tunnels/{tunnel}/heartbeat", null),
        ("POST", "/v1/tunnels/{host}/heartbeat", null),
        ("DELETE", "/v1/tunnels/{tunnel}", null),
        ("POST", "/v1/tunnels/{tunnel}/telemetry", "{}"),
    ];

    private static readonly (string Method, string Path, string? Body)[] OfAll =
    [
        ("POST", "/api/agents/runs", """{"lane_key":"a","title":"b"}"""),
        ("GET", "/api/agents/runs", null),
        ("POST", "/api/agents/runs/claim", """{"lane_key":"a","worker_id":"b"}"""),
        ("POST", "/v1/workers", "{}"),
        ("GET", "/v1/workers", null),
        ("POST", "/v1/tunnels", """{"port":3000}"""),
        ("GET", "/v1/tunnels", null),
    ];

    public static TheoryData<int> Named => new(Enumerable.Range(0, ByName.Length));

    public static TheoryData<int> Every => new(Enumerable.Range(0, ByName.Length + OfAll.Length));

    [Theory]
    [MemberData(nameof(Named))]
    public async Task Named_OfAnotherAccount_IsAnsweredLikeOneOfNobody(int row)
    {
        var (method, path, body) = ByName[row];
        var runner = new CaseRunner(world.Gateway.Port, world.MakeAsync);
        var theirs = path.Replace("{run}", await runner.KnownAsync("foreign"), StringComparison.Ordinal)
            .Replace("{worker}", await runner.KnownAsync("outworker"), StringComparison.Ordinal)
            .Replace("{tunnel}", await runner.KnownAsync("outtunnel"), StringComparison.Ordinal)
            .Replace("{host}", await runner.KnownAsync("outhost"), StringComparison.Ordinal);
        var nobodys = path.Replace("{run}", NoRun, StringComparison.Ordinal).Replace("{worker}", NoWorker, StringComparison.Ordinal)
            .Replace("{tunnel}", NoTunnel, StringComparison.Ordinal).Replace("{host}", "my-app.example.com", StringComparison.Ordinal);
        var token = await runner.KnownAsync(path.Contains("activity", StringComparison.Ordinal) ? "activity" : "token");
        var (first, second) = (await AskAsync(method, theirs, body, token), await AskAsync(method, nobodys, body, token));
        Assert.Equal((404, 404), (first.Status, second.Status));

        // But for the id that was asked for, which an answer may repeat.
        Assert.Equal(Without(second.Body, nobodys), Without(first.Body, theirs));
        Assert.Equal(second.Headers.Select(header => header.Name), first.Headers.Select(header => header.Name));
    }

    [Theory]
    [MemberData(nameof(Every))]
    public async Task Any_WithoutOrWithAWrongCredential_IsRefused(int row)
    {
        var (method, path, body) = ByName.Concat(OfAll).ElementAt(row);
        var runner = new CaseRunner(world.Gateway.Port, world.MakeAsync);
        path = path.Replace("{run}", await runner.KnownAsync("run"), StringComparison.Ordinal)
            .Replace("{worker}", await runner.KnownAsync("worker"), StringComparison.Ordinal)
            .Replace("{tunnel}", await runner.KnownAsync("tunnel"), StringComparison.Ordinal)
            .Replace("{host}", await runner.KnownAsync("host"), StringComparison.Ordinal);
        Assert.Equal(401, (await AskAsync(method, path, body, null)).Status);
        Assert.Equal(401, (await AskAsync(method, path, body, "nobody's")).Status);
        var powerless = await AskAsync(method, path, body, await runner.KnownAsync("powerless"));
        Assert.True(powerless.Status == 403 || (powerless.Status == 401 && path.Contains("activity", StringComparison.Ordinal)), $"{method} {path} answered {powerless.Status} {powerless.Body}");
        var two = await RawHttp.SendAsync(world.Gateway.Port, method, path,
            [$"Authorization: Bearer {await runner.KnownAsync("token")}", "Authorization: Bearer x", "Content-Type: application/json"], body is null ? null : System.Text.Encoding.UTF8.GetBytes(body));
        Assert.Equal(400, two.Status);
    }

    private static string Without(string body, string path) => path.Split('/').Where(part => part.Length > 20).Aggregate(body, (text, id) => text.Replace(id, "*", StringComparison.Ordinal));

    private Task<RawAnswer> AskAsync(string method, string path, string? body, string? token) => RawHttp.SendAsync(
        world.Gateway.Port, method, path, [.. token is null ? Array.Empty<string>() : [$"Authorization: Bearer {token}"], "Content-Type: application/json"],
        body is null ? null : System.Text.Encoding.UTF8.GetBytes(body));
}
