using Coordinator.V1;
using Gateway.Tests.Harness;
using Google.Rpc;
using Grpc.Core;
using System.Text.Json.Nodes;

namespace Gateway.Tests.Surfaces;

/// <summary>The bodies of the tails' surface, octet for octet.</summary>
public sealed class CloudflareEnvelopeTests : GatewayTests
{
    private const string Tails = "/accounts/acc/workers/scripts/a%2Fb%20c%25/tails";
    private const string LiveTail = "/accounts/acc/workers/observability/telemetry/live-tail";

    [Theory]
    [InlineData("")]
    [InlineData("/client/v4")]
    public async Task Start_Good_IsWrittenIntoTheEnvelope(string prefix)
    {
        Coordinator.On("Start", (_, _) => new TailsStartResponse { Id = "7", Url = "ws://a/tails/c", ExpiresAt = 1_790_686_814_999 });
        var answer = await Gateway.SendAsync(HttpMethod.Post, prefix + Tails, """{"filters":[{"query":"x"}],"origin":"ws://evil","clientIp":"1.2.3.4","client_ip":"1.2.3.4"}""", "text/plain;charset=UTF-8");
        Assert.Equal("""{"result":{"id":"7","url":"ws://a/tails/c","expires_at":"2026-09-29T13:00:14Z"},"success":true,"errors":[],"messages":[]}""", answer.Body);
        Assert.Equal((200, "application/json"), (answer.Status, answer.Header("content-type")));
        var asked = Assert.IsType<TailsStartRequest>(Coordinator.Last.Request);
        Assert.Equal(("acc", "a/b c%", """[{"query":"x"}]"""), (asked.AccountId, asked.ScriptName, asked.Filters.ToStringUtf8()));
        Assert.Equal(($"ws://{Gateway.Address.Authority}", "127.0.0.1"), (asked.Origin, asked.ClientIp));
    }

    [Fact]
    public async Task Start_WithoutABody_IsAccepted()
    {
        Assert.Equal(200, (await Gateway.SendAsync(HttpMethod.Post, Tails)).Status);
        Assert.Equal(200, (await Gateway.SendAsync(HttpMethod.Post, Tails, "", null)).Status);
        Assert.False(Assert.IsType<TailsStartRequest>(Coordinator.Last.Request).HasFilters);
    }

    [Fact]
    public async Task List_OfNone_AndOfOne()
    {
        Assert.Equal("""{"result":{"tails":[]},"success":true,"errors":[],"messages":[]}""", (await Gateway.GetAsync(Tails)).Body);
        Coordinator.On("List", (_, _) => new TailsListResponse { Id = "7", Url = "u", ExpiresAt = 1_000, Tails = { new TailsListResponse.Types.Tail { Id = "7", Url = "u", ExpiresAt = 1_000 } } });
        Assert.Equal(
            """{"result":{"id":"7","url":"u","expires_at":"1970-01-01T00:00:01Z","tails":[{"id":"7","url":"u","expires_at":"1970-01-01T00:00:01Z"}]},"success":true,"errors":[],"messages":[]}""",
            (await Gateway.GetAsync($"/client/v4{Tails}")).Body);
    }

    [Fact]
    public async Task List_AskedToBeBare_IsAnArray()
    {
        await using var gateway = await RunningGateway.StartAsync(options => options.BareTailsList = true);
        Assert.Equal("""{"result":[],"success":true,"errors":[],"messages":[]}""", (await gateway.GetAsync(Tails)).Body);
        TailsListResponse.Types.Tail[] tails = [new() { Id = "8", Url = "u", ExpiresAt = 2_000 }, new() { Id = "7", Url = "u", ExpiresAt = 1_000 }];
        gateway.Coordinator.On("List", (_, _) => new TailsListResponse { Id = "8", Url = "u", ExpiresAt = 2_000, Tails = { tails } });
        Assert.Equal(
            """{"result":[{"id":"8","url":"u","expires_at":"1970-01-01T00:00:02Z"},{"id":"7","url":"u","expires_at":"1970-01-01T00:00:01Z"}],"success":true,"errors":[],"messages":[]}""",
            (await gateway.GetAsync($"/client/v4{Tails}")).Body);
        var described = (await gateway.GetAsync("/openapi.json")).Body;
        Assert.Equal("array", JsonNode.Parse(described)!["paths"]!["/accounts/{account_id}/workers/scripts/{script_name}/tails"]!["get"]!["responses"]!["200"]!["content"]!
            ["application/json"]!["schema"]!["properties"]!["result"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task Delete_Good_HasNoResult()
    {
        Assert.Equal("""{"errors":[],"messages":[],"success":true}""", (await Gateway.SendAsync(HttpMethod.Delete, $"{Tails}/7")).Body);
        Assert.Equal("7", Assert.IsType<TailsDeleteRequest>(Coordinator.Last.Request).Id);
    }

    [Fact]
    public async Task LiveTail_Good_HasItsMessage()
    {
        Coordinator.On("OpenLive", (_, _) => new TailsOpenLiveResponse { WsUrl = "ws://a/live-tails/c" });
        Coordinator.OnAsync("LiveHeartbeat", async (_, context) =>
        {
            await context.WriteResponseHeadersAsync(new() { { "lease-expires-at", "2026-09-29T13:00:14Z" } });
            return new TailsLiveHeartbeatResponse();
        });
        Assert.Equal(
            """{"messages":[{"message":"Successful request"}],"success":true,"errors":[],"result":{"wsUrl":"ws://a/live-tails/c"}}""",
            (await Gateway.PostAsync(LiveTail, """{"scriptId":"s","filterCombination":"OR"}""")).Body);
        Assert.Equal($"ws://{Gateway.Address.Authority}", Assert.IsType<TailsOpenLiveRequest>(Coordinator.Last.Request).Origin);
        var beat = await Gateway.SendAsync(HttpMethod.Post, $"{LiveTail}/heartbeat");
        Assert.Equal("""{"messages":[{"message":"Successful request"}],"success":true,"errors":[],"result":{}}""", beat.Body);
        Assert.Equal("2026-09-29T13:00:14Z", beat.Header("Lease-Expires-At"));
        Coordinator.On("LiveHeartbeat", (_, _) => new TailsLiveHeartbeatResponse());
        Assert.Null((await Gateway.SendAsync(HttpMethod.Post, $"/client/v4{LiveTail}/heartbeat")).Header("Lease-Expires-At"));
    }

    [Fact]
    public async Task Lists_OfAccountsAndMemberships_HaveTheirPage()
    {
        const string Page = ""","success":true,"errors":[],"messages":[],"result_info":{"page":1,"per_page":20,"count":1,"total_count":1}}""";
        var account = new TailAccount { Id = "acc", Name = "mine" };
        Coordinator.On("ListAccounts", (_, _) => new TailsListAccountsResponse { Accounts = { account } });
        Coordinator.On("ListMemberships", (_, _) => new TailsListMembershipsResponse { Memberships = { new TailsListMembershipsResponse.Types.Membership { Account = account } } });
        Assert.Equal("""{"result":[{"id":"acc","name":"mine"}]""" + Page, (await Gateway.GetAsync("/accounts?page=1")).Body);
        Assert.Equal("""{"result":[{"account":{"id":"acc","name":"mine"}}]""" + Page, (await Gateway.GetAsync("/client/v4/memberships?page=1")).Body);
    }

    [Theory]
    [InlineData(StatusCode.Unauthenticated, "CREDENTIAL_UNKNOWN", 401, 10000, "Authentication error")]
    [InlineData(StatusCode.PermissionDenied, "ACCOUNT_NOT_OWN", 403, 10001, "Forbidden")]
    [InlineData(StatusCode.PermissionDenied, "SCOPE_MISSING", 403, 10001, "Forbidden")]
    [InlineData(StatusCode.NotFound, "SCRIPT_NOT_FOUND", 404, 10007, "This Worker does not exist on your account.")]
    [InlineData(StatusCode.NotFound, "TAIL_NOT_FOUND", 404, 10007, "what is wrong")]
    [InlineData(StatusCode.InvalidArgument, "INVALID_FIELD", 400, 10010, "Bad Request: what is wrong")]
    [InlineData(StatusCode.ResourceExhausted, "TOO_MANY_TAILS", 429, 10057, "what is wrong")]
    [InlineData(StatusCode.ResourceExhausted, "RATE_LIMITED", 429, 10057, "what is wrong")]
    [InlineData(StatusCode.Unavailable, "STORE_AWAY", 503, 10503, "what is wrong")]
    [InlineData(StatusCode.Unknown, "", 500, 10002, "internal server error")]
    public async Task Start_Refused_IsSaidInTheEnvelope(StatusCode code, string reason, int status, int number, string message)
    {
        Coordinator.Refuse("Start", FakeCoordinator.Refusal(code, reason));
        var answer = await Gateway.PostAsync(Tails, "{}");
        Assert.Equal((status, Error(number, message)), (answer.Status, answer.Body));
        Assert.Equal(status is 429 or 503 ? "1" : null, answer.Header("Retry-After"));
        Assert.Equal(status is 429 or >= 500 ? null : "false", answer.Header("x-should-retry"));
    }

    [Theory]
    [InlineData("/filters/0/header~1x", "/filters/0/header~1x")]
    [InlineData("filters", "/filters")]
    [InlineData("script_name", "/script_name")]
    public async Task BadField_OfTheCoordinator_IsPointedAt(string field, string place)
    {
        var fault = new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = "it is no number" } } };
        Coordinator.Refuse("Start", FakeCoordinator.Refusal(StatusCode.InvalidArgument, "INVALID_FIELD", details: fault));
        var answer = await Gateway.PostAsync(Tails, "{}");
        Assert.Equal(
            $$$"""{"errors":[{"code":10010,"message":"Bad Request: it is no number","source":{"pointer":"{{{place}}}"}}],"messages":[],"result":{},"success":false}""",
            answer.Body);
    }

    [Theory]
    [InlineData(StatusCode.Unauthenticated, 401, "Unauthorized")]
    [InlineData(StatusCode.PermissionDenied, 403, "Forbidden")]
    [InlineData(StatusCode.Unknown, 500, "Internal server error")]
    [InlineData(StatusCode.ResourceExhausted, 429, "what is wrong")]
    public async Task LiveTail_Refused_HasNoCode(StatusCode code, int status, string message)
    {
        foreach (var method in (string[])["OpenLive", "LiveHeartbeat"])
        {
            Coordinator.Refuse(method, FakeCoordinator.Refusal(code, "ANY"));
        }

        foreach (var path in (string[])[LiveTail, $"/client/v4{LiveTail}/heartbeat"])
        {
            var answer = await Gateway.SendAsync(HttpMethod.Post, path);
            Assert.Equal((status, $$"""{"errors":[{"message":"{{message}}"}],"success":false,"messages":[{"message":"{{message}}"}]}"""), (answer.Status, answer.Body));
        }
    }

    [Theory]
    [InlineData("POST", Tails, "{", 400, 10010, "Bad Request: Malformed JSON in request body")]
    [InlineData("GET", "/client/v4/zones", null, 404, 7003, "Could not route to /client/v4/zones, perhaps your object identifier is invalid?")]
    [InlineData("GET", "/accounts//workers", null, 404, 7003, "Could not route to /accounts//workers, perhaps your object identifier is invalid?")]
    [InlineData("GET", "/client/v4/%ff", null, 400, 10010, "Bad Request: The path or the query has an escape that cannot be decoded.")]
    [InlineData("POST", Tails + "/", "{}", 404, 7003, "Could not route to /accounts/acc/workers/scripts/a%2Fb%20c%25/tails/, perhaps your object identifier is invalid?")]
    [InlineData("PUT", Tails, "{}", 405, 7001, "Only GET, POST can be done here.")]
    public async Task Request_Bad_IsAnsweredInTheEnvelope(string verb, string path, string? body, int status, int code, string message)
    {
        var answer = await Gateway.SendAsync(new(verb), path, body);
        Assert.Equal((status, Error(code, message)), (answer.Status, answer.Body));
    }

    [Fact]
    public async Task Field_TooLong_IsPointedAt()
    {
        var answer = await Gateway.PostAsync($"/accounts/{new string('a', 33)}/workers/scripts/s/tails", "{}");
        Assert.Equal(400, answer.Status);
        Assert.Contains("\"source\":{\"pointer\":\"/account_id\"}", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bearer b", "key", "a@b.c", "user", "Bearer b", null)]
    [InlineData(null, "key", "a@b.c", "user", "Bearer key", "a@b.c")]
    [InlineData(null, "key", null, null, "Bearer key", "")]
    [InlineData(null, null, "a@b.c", "user", "Bearer user", null)]
    [InlineData("Basic x", null, null, "user", "Bearer user", null)]
    [InlineData(null, null, "a@b.c", null, null, null)]
    public async Task Credentials_TheFirst_Decides(string? authorization, string? key, string? email, string? service, string? sent, string? sentEmail)
    {
        var headers = new[] { ("Authorization", authorization), ("X-Auth-Key", key), ("X-Auth-Email", email), ("X-Auth-User-Service-Key", service) };
        await Gateway.SendAsync(HttpMethod.Post, $"{LiveTail}/heartbeat", headers: [.. headers.Where(header => header.Item2 is not null).Select(header => (header.Item1, header.Item2!))]);
        Assert.Equal((sent, sentEmail), (Coordinator.Last.Headers.GetValue("authorization"), Coordinator.Last.Headers.GetValue("x-auth-email")));
    }

    [Fact]
    public async Task Authorization_Twice_IsRefused()
    {
        var answer = await Gateway.RawAsync($"GET {Tails} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.EndsWith(Error(10010, "Bad Request: The authorization header was sent twice."), answer, StringComparison.Ordinal);
        Assert.Null(Coordinator.Last.Headers.GetValue("authorization"));
    }

    private static string Error(int code, string message) => $$"""{"errors":[{"code":{{code}},"message":"{{message}}"}],"messages":[],"result":{},"success":false}""";
}
