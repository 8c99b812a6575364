using Gateway.Tests.Harness;

namespace Gateway.Tests.Calls;

/// <summary>Which credential goes on to the coordinator, and as whose.</summary>
public sealed class CredentialTests : GatewayTests
{
    private const string Heartbeat = "/v1/workers/wrk_01jj0000000000000000000000/activity-heartbeat";

    [Theory]
    [InlineData("Bearer abc", "Bearer abc")]
    [InlineData("bEARER   abc", "Bearer abc")]
    [InlineData("Bearer a b, c", "Bearer a b, c")]
    [InlineData("Bearer", null)]
    [InlineData("Basic abc", null)]
    [InlineData(null, null)]
    public async Task Authorization_GoesOnAsBearer(string? header, string? forwarded)
    {
        var line = header is null ? "" : $"Authorization: {header}\r\n";
        await Gateway.RawAsync($"GET /library/books/7 HTTP/1.1\r\nHost: a\r\n{line}Connection: close\r\n\r\n");
        Assert.Equal(forwarded, Coordinator.Last.Headers.GetValue("authorization"));
        Assert.Equal("127.0.0.1", Coordinator.Last.Headers.GetValue("x-client-address"));
        Assert.Null(Coordinator.Last.Headers.GetValue("x-gateway-token"));
    }

    [Theory]
    [InlineData("/library/books/7", """{"error":{"code":"TWO_CREDENTIALS","message":"The authorization header was sent twice."}}""")]
    [InlineData("/v1/workers", """{"error":"invalid_request","details":[{"code":"custom","path":[],"message":"The authorization header was sent twice."}]}""")]
    [InlineData("/v1/tunnels", """{"code":"INVALID_INPUT","message":"The authorization header was sent twice."}""")]
    public async Task Authorization_Twice_IsRefusedInTheEnvelope(string path, string body)
    {
        var answer = await Gateway.RawAsync($"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer a\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.EndsWith(body, answer, StringComparison.Ordinal);
        // Neither goes on; but the call counts against the limits of its address.
        Assert.Equal("Check", Assert.Single(Coordinator.Asked).Method);
        Assert.Null(Coordinator.Last.Headers.GetValue("authorization"));
    }

    [Theory]
    [InlineData("\u00e9")]
    [InlineData("a\tb")]
    [InlineData("long")]
    public async Task Token_ThatCannotTravel_GoesOnAsNobodys(string token)
    {
        var sent = token == "long" ? new string('x', (8 << 10) + 1) : token;
        var answer = await Gateway.RawAsync($"GET /library/books/7 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {sent}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.Matches("^Bearer unfit\\.[0-9a-f]{64}$", Coordinator.Last.Headers.GetValue("authorization"));
    }

    [Fact]
    public async Task Headers_BeyondTheBound_AreRefused()
    {
        var answer = await Gateway.RawAsync($"GET /library/books/7 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {new string('x', 40 << 10)}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 431 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WorkersHeader_WithoutAuthorization_IsTheToken()
    {
        const string Body = """{"isActiveRecently":true}""";
        await Gateway.SendAsync(HttpMethod.Post, Heartbeat, Body, headers: ("x-den-worker-heartbeat-token", "den"));
        Assert.Equal("Bearer den", Coordinator.Last.Headers.GetValue("authorization"));
        await Gateway.SendAsync(HttpMethod.Post, Heartbeat, Body, headers: [("x-den-worker-heartbeat-token", "den"), ("Authorization", "Bearer first")]);
        Assert.Equal("Bearer first", Coordinator.Last.Headers.GetValue("authorization"));
        await Gateway.SendAsync(HttpMethod.Get, "/library/books/7", headers: ("x-den-worker-heartbeat-token", "den"));
        Assert.Null(Coordinator.Last.Headers.GetValue("authorization"));
    }

    [Fact]
    public async Task GatewayToken_IsSent()
    {
        await using var gateway = await RunningGateway.StartAsync(options => options.GatewayToken = "own");
        await gateway.GetAsync("/library/books/7");
        Assert.Equal("own", gateway.Coordinator.Last.Headers.GetValue("x-gateway-token"));
    }

    [Fact]
    public async Task Log_OfFailures_HasNoCredential()
    {
        Coordinator.On("Get", (_, _) => throw new InvalidOperationException("secret-inside"));
        await Gateway.SendAsync(HttpMethod.Get, "/library/books/7", headers: ("Authorization", "Bearer secret-token"));
        Assert.Contains(Gateway.Log.All, line => line.Contains("Library.Get", StringComparison.Ordinal));
        Assert.DoesNotContain(Gateway.Log.All, line => line.Contains("secret", StringComparison.Ordinal));
    }
}
