using EndToEnd.Tests.Harness;
using System.Net.WebSockets;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>The published <c>cloudflare</c> package, unmodified, pointed at a gateway: what it makes of every answer.</summary>
[Collection(TailCollection.Name)]
public sealed class CloudflareClientTests(TailWorld world)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Tails_StartedListedAndDeleted()
    {
        var told = await NodeAsync("tails");
        var created = told.GetProperty("created");
        Assert.Matches("^[0-9a-f]{32}$", created.GetProperty("id").GetString());
        Assert.StartsWith($"ws://127.0.0.1:{world.Gateway.Port}/tails/", created.GetProperty("url").GetString(), StringComparison.Ordinal);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", created.GetProperty("expires_at").GetString());
        Assert.Equal(created.GetProperty("id").GetString(), told.GetProperty("listed").GetProperty("id").GetString());
        Assert.Equal("""{"errors":[],"messages":[],"success":true}""", told.GetProperty("deleted").GetRawText());
        Assert.Empty(told.GetProperty("after").GetProperty("tails").EnumerateArray());
    }

    [Fact]
    public async Task LiveTail_OpenedAndBeaten_ShowsEvents()
    {
        var told = await NodeAsync("live");
        Assert.Equal("{}", told.GetProperty("idle").GetProperty("data").GetRawText());
        Assert.Equal(JsonValueKind.Null, told.GetProperty("idle").GetProperty("expires").ValueKind);
        Assert.NotNull(told.GetProperty("beaten").GetProperty("expires").GetString());
        using var socket = new ClientWebSocket();
        using var late = new CancellationTokenSource(Bound);
        await socket.ConnectAsync(new(told.GetProperty("opened").GetProperty("wsUrl").GetString()!), late.Token);
        var buffer = new byte[64 * 1024];
        var frame = await socket.ReceiveAsync(buffer, late.Token);
        var shown = JsonDocument.Parse(buffer.AsMemory(0, frame.Count)).RootElement;
        Assert.True(frame.EndOfMessage);
        Assert.Equal(TailWorld.Script, shown.GetProperty("$workers").GetProperty("scriptName").GetString());
        Assert.Equal(JsonValueKind.Object, shown.GetProperty("source").ValueKind);
    }

    [Fact]
    public async Task Refusals_AreTypedErrorsAndNotTriedAgain()
    {
        (string What, string Type, int Status, int? Code)[] expected =
        [
            ("unknown script", "NotFoundError", 404, 10007),
            ("unknown tail", "NotFoundError", 404, 10007),
            ("unknown token", "AuthenticationError", 401, 10000),
            ("other account", "PermissionDeniedError", 403, 10001),
            ("live unknown token", "AuthenticationError", 401, null),
            ("live other account", "PermissionDeniedError", 403, null),
        ];
        var told = await NodeAsync("refusals");
        Assert.Equal(expected, told.EnumerateObject().Select(refusal => Of(refusal.Name, refusal.Value)));
        Assert.All(told.EnumerateObject(), refusal => Assert.Equal(1, refusal.Value.GetProperty("requests").GetInt32()));
    }

    private static (string, string, int, int?) Of(string what, JsonElement told)
    {
        var error = Assert.Single(told.GetProperty("errors").EnumerateArray());
        return (what, told.GetProperty("type").GetString()!, told.GetProperty("status").GetInt32(), error.TryGetProperty("code", out var code) ? code.GetInt32() : null);
    }

    private async Task<JsonElement> NodeAsync(string page)
    {
        var script = Path.Combine(Repository.Peers, "cloudflare-tails.mjs");
        Assert.True(Directory.Exists(Path.Combine(Repository.Peers, "node_modules", "cloudflare")), "These tests need the peers: (cd tests/peers && npm ci)");
        await using var node = ProgramProcess.Run("node", [script, page, $"{world.Gateway.Address}client/v4", CoordinatorProcess.Tenant, TailWorld.Script],
            [("CLOUDFLARE_API_TOKEN", CoordinatorProcess.Token)]);
        Assert.True(await node.ExitAsync(Bound) == 0, string.Join('\n', node.Lines));
        return JsonDocument.Parse(Assert.Single(node.Lines)).RootElement;
    }
}
