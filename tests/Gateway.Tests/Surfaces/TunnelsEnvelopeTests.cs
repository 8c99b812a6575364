using Coordinator.V1;
using Gateway.Tests.Harness;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Gateway.Tests.Surfaces;

/// <summary>The bodies of the tunnels' surface, octet for octet.</summary>
public sealed class TunnelsEnvelopeTests : GatewayTests
{
    private const string Heartbeat = "/v1/tunnels/my-app.example.com/heartbeat";

    [Theory]
    [InlineData(null, null)]
    [InlineData("", "application/json")]
    [InlineData("{}", "application/json")]
    [InlineData("{}", "text/plain;charset=UTF-8")]
    [InlineData("not JSON", "application/octet-stream")]
    public async Task Heartbeat_AnyBody_IsAccepted(string? body, string? type)
    {
        Coordinator.On("Heartbeat", (_, _) => new TunnelsHeartbeatResponse { ExpiresAt = new Timestamp { Seconds = 1_772_706_795 } });
        var answer = await Gateway.SendAsync(HttpMethod.Post, Heartbeat, body, type);
        Assert.Equal((200, """{"ok":true,"expiresAt":"2026-03-05T10:33:15.000Z"}"""), (answer.Status, answer.Body));
        Assert.Equal("my-app.example.com", Assert.IsType<TunnelsHeartbeatRequest>(Coordinator.Last.Request).Id);
    }

    [Fact]
    public async Task Create_Good_IsExactlyTheFields()
    {
        Coordinator.On("Create", (_, _) => new TunnelsCreateResponse { TunnelId = "t", Hostname = "h", CloudflaredToken = "c", TunnelRunToken = "r", HeartbeatIntervalSec = 20, LeaseTimeoutSec = 60 });
        var answer = await Gateway.PostAsync("/v1/tunnels", """{"port":3000,"requestedSlug":"my-app"}""");
        Assert.Equal("""{"tunnelId":"t","hostname":"h","cloudflaredToken":"c","tunnelRunToken":"r","heartbeatIntervalSec":20,"leaseTimeoutSec":60}""", answer.Body);
    }

    [Fact]
    public async Task List_IsABareArray()
    {
        Coordinator.On("List", (_, _) => new TunnelsListResponse { Tunnels = { new Tunnel { Id = "t", Status = "stopped", CreatedAt = new() } } });
        var answer = await Gateway.GetAsync("/v1/tunnels?includeInactive=true");
        Assert.Equal("""[{"id":"t","hostname":"","slug":"","status":"stopped","requestedPort":0,"createdAt":"1970-01-01T00:00:00.000Z","lease":null,"stoppedAt":null,"lastError":null}]""", answer.Body);
        Assert.True(Assert.IsType<TunnelsListRequest>(Coordinator.Last.Request).IncludeInactive);
    }

    [Theory]
    [InlineData("""{"port":"x","requestedSlug":5}""", """{"formErrors":[],"fieldErrors":{"port":["Invalid input: expected number, received string"],"requestedSlug":["Invalid input: expected string, received number"]}}""")]
    [InlineData("{}", """{"formErrors":[],"fieldErrors":{"port":["Invalid input: expected number, received undefined"]}}""")]
    [InlineData("", """{"formErrors":[],"fieldErrors":{"port":["Invalid input: expected number, received undefined"]}}""")]
    [InlineData("[]", """{"formErrors":["Invalid input: expected object, received array"],"fieldErrors":{}}""")]
    [InlineData("{", """{"formErrors":["Malformed JSON in request body"],"fieldErrors":{}}""")]
    public async Task Create_BadBody_IsFlattened(string body, string details)
    {
        var answer = await Gateway.PostAsync("/v1/tunnels", body, "text/plain");
        Assert.Equal(400, answer.Status);
        Assert.Equal("""{"code":"INVALID_INPUT","message":"Invalid tunnel creation payload.","details":""" + details + "}", answer.Body);
    }

    [Theory]
    [InlineData(StatusCode.Unauthenticated, "CREDENTIAL_MISSING", 401, """{"code":"MISSING_AUTH","message":"Missing bearer access token."}""")]
    [InlineData(StatusCode.Unauthenticated, "CREDENTIAL_UNKNOWN", 401, """{"code":"INVALID_TOKEN","message":"Invalid access token."}""")]
    [InlineData(StatusCode.InvalidArgument, "INVALID_TUNNEL_ID", 400, """{"code":"INVALID_TUNNEL_ID","message":"what is wrong"}""")]
    [InlineData(StatusCode.InvalidArgument, "INVALID_SLUG", 400, """{"code":"INVALID_SLUG","message":"what is wrong"}""")]
    [InlineData(StatusCode.NotFound, "TUNNEL_NOT_FOUND", 404, """{"code":"TUNNEL_NOT_FOUND","message":"Tunnel was not found for this user."}""")]
    [InlineData(StatusCode.PermissionDenied, "CREDENTIAL_NOT_BOUND", 403, """{"code":"FORBIDDEN","message":"This token is not allowed to do that."}""")]
    [InlineData(StatusCode.AlreadyExists, "TUNNEL_SLUG_CONFLICT", 409, """{"code":"TUNNEL_SLUG_CONFLICT","message":"Requested URL slug is already in use."}""")]
    [InlineData(StatusCode.FailedPrecondition, "TUNNEL_LIMIT_REACHED", 409, """{"code":"TUNNEL_LIMIT_REACHED","message":"Maximum of 5 active tunnels reached.","details":{"activeCount":5,"maxActive":5}}""")]
    [InlineData(StatusCode.ResourceExhausted, "RATE_LIMITED", 429, """{"code":"RATE_LIMITED","message":"Too many requests."}""")]
    [InlineData(StatusCode.Unknown, "", 500, """{"code":"INTERNAL_ERROR","message":"Internal error."}""")]
    public async Task Heartbeat_Refused_IsSaidInTheEnvelope(StatusCode code, string reason, int status, string body)
    {
        var refusal = FakeCoordinator.Refusal(code, reason, facts: [("active_count", "5"), ("max_active", "5")]);
        refusal.Trailers.Add("x-limit", "100");
        Coordinator.Refuse("Heartbeat", refusal);
        var answer = await Gateway.PostAsync(Heartbeat, "");
        Assert.Equal((status, body), (answer.Status, answer.Body));
        Assert.Equal("100", answer.Header("x-ratelimit-limit"));
        Assert.Equal(status == 429 ? "1" : null, answer.Header("Retry-After"));
    }

    [Theory]
    [InlineData("POST", "/v1/tunnels/x/heartbeat/", 404, """{"code":"NOT_FOUND","message":"There is nothing at this path."}""")]
    [InlineData("PUT", "/v1/tunnels", 405, """{"code":"METHOD_NOT_ALLOWED","message":"Only GET, POST can be done here."}""")]
    public async Task Path_OfNoMethod_IsAnsweredInTheEnvelope(string verb, string path, int status, string body)
    {
        var answer = await Gateway.SendAsync(new(verb), path);
        Assert.Equal((status, body), (answer.Status, answer.Body));
    }
}
