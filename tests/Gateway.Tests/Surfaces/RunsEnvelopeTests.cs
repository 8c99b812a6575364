using Coordinator.V1;
using Gateway.Tests.Harness;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Gateway.Tests.Surfaces;

/// <summary>The bodies of the runs' surface, octet for octet.</summary>
public sealed class RunsEnvelopeTests : GatewayTests
{
    private const string Report = "/api/agents/runs/0190A3F0-0000-7000-8000-000000000001/events";
    private const string Good = """{"worker_id":"example","lease_seconds":1,"phase":"example","log_line":"example","events":[{"type":"heartbeat","payload":{"n": 9007199254740993, "z":1, "a":[1.10]}}]}""";

    [Fact]
    public async Task Report_Good_WritesNullsAndKeepsPayloads()
    {
        Coordinator.On("Report", (_, _) => new RunsReportResponse
        {
            Run = new() { Id = "x", LaneKey = "web", State = "running", WorkerId = "example", ClaimedAt = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch) },
            FencingToken = long.MaxValue,
            AckedSequence = 2,
            Commands = { new RunCommand { Kind = "cancel", Id = "c" } },
        });
        var answer = await Gateway.PostAsync(Report, Good);
        Assert.Equal(200, answer.Status);
        Assert.Equal(
            """{"ok":true,"run":{"id":"x","plan_id":null,"project_id":null,"billing_account_id":null,"milestone_id":null,"lane_key":"web","title":"","role":"","ticket_ids":[],"state":"running","phase":null,"log_line":null,"worker_id":"example","claimed_at":"1970-01-01T00:00:00.000Z","lease_expires_at":null,"last_heartbeat":null,"payload":null},"fencing_token":"9223372036854775807","acked_sequence":2,"commands":[{"kind":"cancel","id":"c","reason":""}]}""",
            answer.Body);
        var asked = Assert.IsType<RunsReportRequest>(Coordinator.Last.Request);
        Assert.Equal("0190A3F0-0000-7000-8000-000000000001", asked.Id);
        Assert.Equal("""{"n": 9007199254740993, "z":1, "a":[1.10]}""", asked.Events[0].Payload.ToStringUtf8());
    }

    [Fact]
    public async Task ClaimNext_Nothing_IsNullRun()
    {
        var answer = await Gateway.PostAsync("/api/agents/runs/claim", """{"lane_key":"web","worker_id":"w"}""");
        Assert.Equal("""{"ok":true,"run":null}""", answer.Body);
    }

    [Fact]
    public async Task Report_SeveralFaults_NamesEachAndTheFirstByField()
    {
        var answer = await Gateway.PostAsync(Report, """{"worker_id":"","lease_seconds":0,"phase":null,"events":[{"type":"x"},{"type":"error","payload":[]}]}""");
        Assert.Equal(400, answer.Status);
        Assert.Equal(
            """{"error":"worker_id: Too small: expected string to have >=1 characters","code":"INVALID_REQUEST","fieldErrors":{"worker_id":"Too small: expected string to have >=1 characters","lease_seconds":"Too small: expected number to be >=1","phase":"Invalid input: expected string, received null","events.0.type":"Invalid option: expected one of \"heartbeat\"|\"log_line\"|\"phase_change\"|\"action\"|\"error\"|\"ship_complete\"","events.1.payload":"Invalid input: expected object, received array"},"issues":[{"path":"worker_id","message":"Too small: expected string to have >=1 characters"},{"path":"lease_seconds","message":"Too small: expected number to be >=1"},{"path":"phase","message":"Invalid input: expected string, received null"},{"path":"events.0.type","message":"Invalid option: expected one of \"heartbeat\"|\"log_line\"|\"phase_change\"|\"action\"|\"error\"|\"ship_complete\""},{"path":"events.1.payload","message":"Invalid input: expected object, received array"}]}""",
            answer.Body);
        Assert.Equal("false", answer.Header("x-should-retry"));
    }

    [Theory]
    [InlineData("{", "Malformed JSON in request body")]
    [InlineData("[]", "Invalid input: expected object, received array")]
    public async Task Report_NoObject_IsRefused(string body, string message)
    {
        var answer = await Gateway.PostAsync(Report, body);
        Assert.Equal(400, answer.Status);
        Assert.Equal($$"""{"error":"{{message}}","code":"INVALID_REQUEST","fieldErrors":{},"issues":[{"path":"","message":"{{message}}"}]}""", answer.Body);
    }

    [Theory]
    [InlineData("/api/agents/runs/nope/events")]
    [InlineData("/api/agents/runs/0190a3f0-0000-9000-8000-000000000001/events")]
    [InlineData("/api/agents/runs/0190a3f0-0000-7000-c000-000000000001/events")]
    [InlineData("/api/agents/runs/0x90a3f0-0000-7000-8000-000000000001/events")]
    [InlineData("/api/agents/runs/0190a3f0-0000-7000-8000-000000000001%0a/events")]
    [InlineData("/api/agents/runs/%200190a3f0-0000-7000-8000-00000000001/events")]
    [InlineData("/api/agents/runs/%7b0190a3f0-0000-7000-8000-000000000001%7d/events")]
    public async Task Report_BadId_IsRefused(string path)
    {
        var answer = await Gateway.PostAsync(path, Good);
        Assert.Equal(400, answer.Status);
        Assert.Contains("""{"path":"id","message":"Invalid UUID"}""", answer.Body, StringComparison.Ordinal);
    }

    public static TheoryData<StatusCode, string, string[], int, string> Refusals => new()
    {
        { StatusCode.Unauthenticated, "CREDENTIAL_MISSING", [], 401, """{"error":"what is wrong","code":"UNAUTHENTICATED","reconnect":false}""" },
        { StatusCode.PermissionDenied, "SCOPE_MISSING", [], 403, """{"error":"what is wrong","code":"FORBIDDEN"}""" },
        { StatusCode.NotFound, "RUN_NOT_FOUND", [], 404, """{"error":"what is wrong","code":"RUN_NOT_FOUND"}""" },
        { StatusCode.Aborted, "CLAIM_NOT_HELD", ["worker_id", "w", "lease_expires_at", "2026-01-01T00:00:00.000Z"], 409, """{"error":"what is wrong","code":"CLAIM_NOT_HELD","holder":{"worker_id":"w","lease_expires_at":"2026-01-01T00:00:00.000Z"}}""" },
        { StatusCode.Aborted, "CLAIM_LOST", [], 409, """{"error":"what is wrong","code":"CLAIM_LOST","holder":{"worker_id":null,"lease_expires_at":null}}""" },
        { StatusCode.OutOfRange, "SEQUENCE_GAP", ["expected", "7"], 409, """{"error":"what is wrong","code":"SEQUENCE_GAP","expected":7}""" },
        { StatusCode.FailedPrecondition, "RUN_ENDED", [], 409, """{"error":"what is wrong","code":"RUN_ENDED"}""" },
        { StatusCode.ResourceExhausted, "RATE_LIMITED", [], 429, """{"error":"what is wrong","code":"RATE_LIMITED","retryAfter":17}""" },
        { StatusCode.Unavailable, "STORE_UNAVAILABLE", [], 503, """{"error":"what is wrong","code":"UNAVAILABLE","retryAfter":17}""" },
        { StatusCode.Internal, "INTERNAL", [], 500, """{"error":"Internal error.","code":"INTERNAL"}""" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Report_Refused_IsSaidInTheEnvelope(StatusCode code, string reason, string[] facts, int status, string body)
    {
        var named = facts.Chunk(2).Select(fact => (fact[0], fact[1])).ToArray();
        var retry = new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(16_250)) };
        Coordinator.Refuse("Report", FakeCoordinator.Refusal(code, reason, facts: named, details: retry));
        var answer = await Gateway.PostAsync(Report, Good);
        Assert.Equal((status, body), (answer.Status, answer.Body));
        Assert.Equal(status is 429 or 503 ? "17" : null, answer.Header("Retry-After"));
        Assert.Equal(status is >= 400 and < 429 ? "false" : null, answer.Header("x-should-retry"));
    }

    [Fact]
    public async Task Limit_OfAnAnswerOrARefusal_StandsInTheHeader()
    {
        Coordinator.OnAsync("Report", async (_, context) =>
        {
            await context.WriteResponseHeadersAsync(new() { { "x-limit", "600" }, { "x-limit-remaining", "599" }, { "x-limit-reset", "60" } });
            return new RunsReportResponse();
        });
        var good = await Gateway.PostAsync(Report, Good);
        Assert.Equal(("600", "599", "60"), (good.Header("RateLimit-Limit"), good.Header("RateLimit-Remaining"), good.Header("RateLimit-Reset")));

        var refusal = FakeCoordinator.Refusal(StatusCode.ResourceExhausted, "RATE_LIMITED");
        refusal.Trailers.Add("x-limit", "600");
        refusal.Trailers.Add("x-limit-remaining", "0");
        refusal.Trailers.Add("x-limit-reset", "17");
        Coordinator.Refuse("Report", refusal);
        var refused = await Gateway.PostAsync(Report, Good);
        Assert.Equal(429, refused.Status);
        Assert.Equal(("600", "0", "17"), (refused.Header("RateLimit-Limit"), refused.Header("RateLimit-Remaining"), refused.Header("RateLimit-Reset")));
    }

    [Fact]
    public async Task FieldViolations_OfTheCoordinator_AreNamedAsCallersKnowThem()
    {
        var bad = new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = "events[3].type", Description = "No." } } };
        Coordinator.Refuse("Report", FakeCoordinator.Refusal(StatusCode.InvalidArgument, "INVALID_FIELD", details: bad));
        var answer = await Gateway.PostAsync(Report, Good);
        Assert.Equal("""{"error":"what is wrong","code":"INVALID_REQUEST","fieldErrors":{"events.3.type":"No."},"issues":[{"path":"events.3.type","message":"No."}]}""", answer.Body);
    }

    [Theory]
    [InlineData("text/plain", 415, """{"error":"Send JSON, with content-type: application/json.","code":"UNSUPPORTED_MEDIA_TYPE"}""")]
    [InlineData("application/json", 413, """{"error":"The body is too large.","code":"PAYLOAD_TOO_LARGE"}""")]
    public async Task Body_OfOtherTypeOrTooLarge_IsRefused(string type, int status, string body)
    {
        var answer = await Gateway.PostAsync(Report, status == 413 ? $"\"{new string('x', 1 << 20)}\"" : Good, type);
        Assert.Equal((status, body), (answer.Status, answer.Body));
    }

    [Theory]
    [InlineData("GET", "/api/agents", 404, """{"error":"There is nothing at this path.","code":"NOT_FOUND"}""")]
    [InlineData("GET", "/api/agents/runs/", 404, """{"error":"There is nothing at this path.","code":"NOT_FOUND"}""")]
    [InlineData("PUT", "/api/agents/runs", 405, """{"error":"Only GET, POST can be done here.","code":"METHOD_NOT_ALLOWED"}""")]
    public async Task Path_OfNoMethod_IsAnsweredInTheEnvelope(string verb, string path, int status, string body)
    {
        var answer = await Gateway.SendAsync(new(verb), path);
        Assert.Equal((status, body), (answer.Status, answer.Body));
    }
}
