using EndToEnd.Tests.Harness;
using System.Net.WebSockets;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>The published <c>cloudflare</c> package, unmodified, pointed at a gateway: what it makes of every answer.</summary>
public sealed class CloudflareClientTests(TailWorld world) : IClassFixture<TailWorld>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Tails_StartedListedAndDeleted()
    {
        var told = await NodeAsync("tails", CoordinatorProcess.Tenant);
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
        var told = await NodeAsync("live", CoordinatorProcess.Tenant);
        Assert.Equal("""{"messages":[{"message":"Successful request"}],"success":true,"errors":[],"result":{}}""", told.GetProperty("idle").GetProperty("body").GetRawText());
        Assert.Equal(JsonValueKind.Null, told.GetProperty("idle").GetProperty("expires").ValueKind);
        Assert.NotNull(told.GetProperty("beaten").GetProperty("expires").GetString());
        using var socket = new ClientWebSocket();
        using var late = new CancellationTokenSource(Bound);
        await socket.ConnectAsync(new(told.GetProperty("opened").GetProperty("result").GetProperty("wsUrl").GetString()!), late.Token);
        var buffer = new byte[64 * 1024];
        var frame = await socket.ReceiveAsync(buffer, late.Token);
        var shown = JsonDocument.Parse(buffer.AsMemory(0, frame.Count)).RootElement;
        Assert.True(frame.EndOfMessage);
        Assert.Equal(TailWorld.Script, shown.GetProperty("$workers").GetProperty("scriptName").GetString());
        Assert.Equal(JsonValueKind.Object, shown.GetProperty("source").ValueKind);
    }

    [Theory]
    [InlineData("unknown script", "NotFoundError", 404, 10007)]
    [InlineData("unknown tail", "NotFoundError", 404, 10007)]
    [InlineData("unknown token", "AuthenticationError", 401, 10000)]
    [InlineData("other account", "PermissionDeniedError", 403, 10001)]
    [InlineData("live unknown token", "AuthenticationError", 401, null)]
    [InlineData("live other account", "PermissionDeniedError", 403, null)]
    public async Task Refusals_AreTypedErrors(string what, string type, int status, int? code)
    {
        var told = await NodeAsync(what, CoordinatorProcess.Tenant);
        Assert.Equal((type, status), (told.GetProperty("type").GetString(), told.GetProperty("status").GetInt32()));
        var error = Assert.Single(told.GetProperty("errors").EnumerateArray());
        Assert.Equal(code, error.TryGetProperty("code", out var number) ? number.GetInt32() : null);
        Assert.Equal(1, told.GetProperty("requests").GetInt32()); // it does not try again
    }

    private async Task<JsonElement> NodeAsync(string what, string account)
    {
        var script = Path.Combine(Repository.Peers, "cloudflare-tails.mjs");
        Assert.True(Directory.Exists(Path.Combine(Repository.Peers, "node_modules", "cloudflare")), "These tests need the peers: (cd tests/peers && npm ci)");
        await using var node = ProgramProcess.Run("node", [script, what, $"{world.Gateway.Address}client/v4", account, TailWorld.Script],
            [("CLOUDFLARE_API_TOKEN", CoordinatorProcess.Token)]);
        Assert.True(await node.ExitAsync(Bound) == 0, string.Join('\n', node.Lines));
        return JsonDocument.Parse(Assert.Single(node.Lines)).RootElement;
    }
}
