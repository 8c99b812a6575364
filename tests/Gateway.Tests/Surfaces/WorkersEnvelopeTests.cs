using Gateway.Tests.Harness;
using Grpc.Core;

namespace Gateway.Tests.Surfaces;

/// <summary>The bodies of the workers' surface, octet for octet.</summary>
public sealed class WorkersEnvelopeTests : GatewayTests
{
    private const string Id = "wrk_01jj0000000000000000000000";
    private const string Good = """{"isActiveRecently":true}""";

    private const string DatePattern =
        @"/^(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|(?:02)-(?:0[1-9]|1\\d|2[0-8])))T(?:(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d+)?)?(?:Z))$/";

    private static string Heartbeat(string id) => $"/v1/workers/{id}/activity-heartbeat";

    [Theory]
    [InlineData("wrk_0", """{"origin":"string","code":"too_small","minimum":30,"inclusive":true,"exact":true,"path":["id"],"message":"TypeID must be 30 characters (wrk_<26 char suffix>)"},{"code":"custom","path":["id"],"message":"TypeID is structurally invalid"}""")]
    [InlineData("wrk_01jj00000000000000000000000", """{"origin":"string","code":"too_big","maximum":30,"inclusive":true,"exact":true,"path":["id"],"message":"TypeID must be 30 characters (wrk_<26 char suffix>)"},{"code":"custom","path":["id"],"message":"TypeID is structurally invalid"}""")]
    [InlineData("short", """{"origin":"string","code":"too_small","minimum":30,"inclusive":true,"exact":true,"path":["id"],"message":"TypeID must be 30 characters (wrk_<26 char suffix>)"},{"code":"custom","path":["id"],"message":"TypeID must start with 'wrk_'"},{"code":"custom","path":["id"],"message":"TypeID is structurally invalid"}""")]
    [InlineData("wrk_", """{"origin":"string","code":"too_small","minimum":30,"inclusive":true,"exact":true,"path":["id"],"message":"TypeID must be 30 characters (wrk_<26 char suffix>)"},{"code":"custom","path":["id"],"message":"TypeID suffix contains invalid base32 characters"},{"code":"custom","path":["id"],"message":"TypeID is structurally invalid"}""")]
    [InlineData("WRK_01jj0000000000000000000000", """{"code":"custom","path":["id"],"message":"TypeID must start with 'wrk_'"},{"code":"custom","path":["id"],"message":"TypeID is structurally invalid"}""")]
    [InlineData("usr_01jj0000000000000000000000", """{"code":"custom","path":["id"],"message":"TypeID must start with 'wrk_'"}""")]
    [InlineData("wrk_01jj000000000000000000000u", """{"code":"custom","path":["id"],"message":"TypeID suffix contains invalid base32 characters"},{"code":"custom","path":["id"],"message":"TypeID is structurally invalid"}""")]
    [InlineData("wrk_01JJ0000000000000000000000", """{"code":"custom","path":["id"],"message":"TypeID suffix contains invalid base32 characters"},{"code":"custom","path":["id"],"message":"TypeID is structurally invalid"}""")]
    [InlineData("wrk_81jj0000000000000000000000", """{"code":"custom","path":["id"],"message":"TypeID is structurally invalid"}""")]
    public async Task Heartbeat_BadId_IsOneIssueOfEachKind(string id, string details) => await RefusesAsync(Heartbeat(id), Good, details);

    [Theory]
    [InlineData("{}", """{"expected":"boolean","code":"invalid_type","path":["isActiveRecently"],"message":"Invalid input: expected boolean, received undefined"}""")]
    [InlineData("""{"isActiveRecently":null}""", """{"expected":"boolean","code":"invalid_type","path":["isActiveRecently"],"message":"Invalid input: expected boolean, received null"}""")]
    [InlineData("""{"isActiveRecently":"true"}""", """{"expected":"boolean","code":"invalid_type","path":["isActiveRecently"],"message":"Invalid input: expected boolean, received string"}""")]
    [InlineData("""{"isActiveRecently":1}""", """{"expected":"boolean","code":"invalid_type","path":["isActiveRecently"],"message":"Invalid input: expected boolean, received number"}""")]
    [InlineData("""{"isActiveRecently":true,"sentAt":null}""", """{"expected":"string","code":"invalid_type","path":["sentAt"],"message":"Invalid input: expected string, received null"}""")]
    [InlineData("""{"isActiveRecently":true,"sentAt":5}""", """{"expected":"string","code":"invalid_type","path":["sentAt"],"message":"Invalid input: expected string, received number"}""")]
    [InlineData("""{"isActiveRecently":true,"sentAt":"2023-02-29T00:00:00Z"}""", $$"""{"origin":"string","code":"invalid_format","format":"datetime","pattern":"{{DatePattern}}","path":["sentAt"],"message":"Invalid ISO datetime"}""")]
    [InlineData("""{"isActiveRecently":true,"lastActivityAt":"2023-11-07T05:31:56+00:00"}""", $$"""{"origin":"string","code":"invalid_format","format":"datetime","pattern":"{{DatePattern}}","path":["lastActivityAt"],"message":"Invalid ISO datetime"}""")]
    [InlineData("""{"isActiveRecently":true,"openSessionCount":-1}""", """{"origin":"number","code":"too_small","minimum":0,"inclusive":true,"path":["openSessionCount"],"message":"Too small: expected number to be >=0"}""")]
    [InlineData("""{"isActiveRecently":true,"openSessionCount":1.5}""", """{"expected":"int","format":"safeint","code":"invalid_type","path":["openSessionCount"],"message":"Invalid input: expected int, received number"}""")]
    [InlineData("""{"isActiveRecently":true,"openSessionCount":9007199254740992}""", """{"code":"too_big","maximum":9007199254740991,"note":"Integers must be within the safe integer range.","origin":"int","inclusive":true,"path":["openSessionCount"],"message":"Too big: expected int to be <=9007199254740991"}""")]
    [InlineData("""{"isActiveRecently":true,"openSessionCount":null}""", """{"expected":"number","code":"invalid_type","path":["openSessionCount"],"message":"Invalid input: expected number, received null"}""")]
    [InlineData("""{"isActiveRecently":true,"openSessionCount":"1"}""", """{"expected":"number","code":"invalid_type","path":["openSessionCount"],"message":"Invalid input: expected number, received string"}""")]
    [InlineData("[]", """{"expected":"object","code":"invalid_type","path":[],"message":"Invalid input: expected object, received array"}""")]
    [InlineData("null", """{"expected":"object","code":"invalid_type","path":[],"message":"Invalid input: expected object, received null"}""")]
    [InlineData("7", """{"expected":"object","code":"invalid_type","path":[],"message":"Invalid input: expected object, received number"}""")]
    [InlineData("", """{"code":"custom","path":[],"message":"Malformed JSON in request body"}""")]
    [InlineData("{", """{"code":"custom","path":[],"message":"Malformed JSON in request body"}""")]
    [InlineData("""{"isActiveRecently":true} x""", """{"code":"custom","path":[],"message":"Malformed JSON in request body"}""")]
    [InlineData("""{"isActiveRecently":NaN}""", """{"code":"custom","path":[],"message":"Malformed JSON in request body"}""")]
    public async Task Heartbeat_BadBody_IsTheIssue(string body, string details) => await RefusesAsync(Heartbeat(Id), body, details);

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("garbage;;;")]
    [InlineData(null)]
    public async Task Heartbeat_OtherContentType_CountsAsEmptyObject(string? type)
    {
        var answer = await Gateway.SendAsync(HttpMethod.Post, Heartbeat(Id), Good, type);
        Assert.Equal(400, answer.Status);
        Assert.Contains("received undefined", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/json;charset=bogus")]
    [InlineData("APPLICATION/JSON")]
    [InlineData("application/problem+json")]
    public async Task Heartbeat_AnyJsonContentType_IsRead(string type) =>
        Assert.Equal(200, (await Gateway.PostAsync(Heartbeat(Id), "\uFEFF" + Good, type)).Status);

    [Fact]
    public async Task Heartbeat_Good_IsAnsweredWithNullsAndThreeDecimals()
    {
        Coordinator.On("RecordHeartbeat", (_, _) => new Coordinator.V1.WorkersRecordHeartbeatResponse { WorkerId = Id, LastHeartbeatAt = 1_699_335_116_330 });
        var answer = await Gateway.PostAsync(Heartbeat(Id), """{"isActiveRecently":false,"sentAt":"2023-11-07T05:31Z","lastActivityAt":null,"openSessionCount":9007199254740991,"more":[1]}""");
        Assert.Equal(200, answer.Status);
        Assert.Equal("application/json", answer.Header("content-type"));
        Assert.Equal($$"""{"ok":true,"workerId":"{{Id}}","isActiveRecently":false,"openSessionCount":null,"lastHeartbeatAt":"2023-11-07T05:31:56.330Z","lastActiveAt":null}""", answer.Body);
        var asked = Assert.IsType<Coordinator.V1.WorkersRecordHeartbeatRequest>(Coordinator.Last.Request);
        Assert.Equal(1_699_335_060_000, asked.SentAt);
        Assert.True(asked.HasIsActiveRecently && !asked.IsActiveRecently && !asked.HasLastActivityAt);
        Assert.Equal(9007199254740991, asked.OpenSessionCount);
    }

    [Theory]
    [InlineData(StatusCode.Unauthenticated, "CREDENTIAL_MISSING", 401, """{"error":"unauthorized"}""")]
    [InlineData(StatusCode.Unauthenticated, "CREDENTIAL_UNKNOWN", 401, """{"error":"unauthorized"}""")]
    [InlineData(StatusCode.PermissionDenied, "CREDENTIAL_NOT_BOUND", 401, """{"error":"unauthorized"}""")]
    [InlineData(StatusCode.PermissionDenied, "SCOPE_MISSING", 403, """{"error":"forbidden"}""")]
    [InlineData(StatusCode.NotFound, "WORKER_NOT_FOUND", 404, """{"error":"worker_not_found"}""")]
    [InlineData(StatusCode.ResourceExhausted, "RATE_LIMITED", 429, """{"error":"rate_limited"}""")]
    [InlineData(StatusCode.Unavailable, "STORE_UNAVAILABLE", 503, """{"error":"unavailable"}""")]
    [InlineData(StatusCode.Internal, "INTERNAL", 500, """{"error":"internal_error"}""")]
    public async Task Heartbeat_Refused_IsSaidInTheEnvelope(StatusCode code, string reason, int status, string body)
    {
        Coordinator.Refuse("RecordHeartbeat", FakeCoordinator.Refusal(code, reason));
        var answer = await Gateway.PostAsync(Heartbeat(Id), Good);
        Assert.Equal((status, body), (answer.Status, answer.Body));
        Assert.Equal("application/json", answer.Header("content-type"));
    }

    [Theory]
    [InlineData("GET", "/v1/workers/", 404, """{"error":"not_found"}""")]
    [InlineData("GET", "/v1/workers/x/y", 404, """{"error":"not_found"}""")]
    [InlineData("PUT", "/v1/workers", 405, """{"error":"method_not_allowed"}""")]
    [InlineData("GET", "/v1/workers/%zz", 400, """{"error":"invalid_request","details":[{"code":"custom","path":[],"message":"The path or the query has an escape that cannot be decoded."}]}""")]
    public async Task Path_OfNoMethod_IsAnsweredInTheEnvelope(string verb, string path, int status, string body)
    {
        var answer = await Gateway.RawAsync($"{verb} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.EndsWith($"\r\n\r\n{body}", answer, StringComparison.Ordinal);
    }

    private async Task RefusesAsync(string path, string body, string details)
    {
        var answer = await Gateway.PostAsync(path, body);
        Assert.Equal(400, answer.Status);
        Assert.Equal($$"""{"error":"invalid_request","details":[{{details}}]}""", answer.Body);
        // Here the input is judged before the credential: nobody was asked.
        Assert.Empty(Coordinator.Asked);
    }
}
