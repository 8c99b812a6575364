using Coordinator.Gateway.Transcoding.Calls;
using Gateway.Tests.Harness;
using Grpc.Core;

namespace Gateway.Tests.Calls;

/// <summary>The table from gRPC's status to HTTP's, walked.</summary>
public sealed class StatusTableTests : GatewayTests
{
    public static TheoryData<StatusCode, int> Statuses => new()
    {
        { StatusCode.InvalidArgument, 400 },
        { StatusCode.OutOfRange, 400 },
        { StatusCode.Unauthenticated, 401 },
        { StatusCode.PermissionDenied, 403 },
        { StatusCode.NotFound, 404 },
        { StatusCode.Aborted, 409 },
        { StatusCode.AlreadyExists, 409 },
        { StatusCode.FailedPrecondition, 409 },
        { StatusCode.ResourceExhausted, 429 },
        { StatusCode.Unavailable, 503 },
        { StatusCode.DeadlineExceeded, 503 },
        { StatusCode.Internal, 500 },
        { StatusCode.Unknown, 500 },
        { StatusCode.Unimplemented, 500 },
        { StatusCode.DataLoss, 500 },
    };

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task Call_OfEachStatus_IsAnsweredWithItsOwn(StatusCode code, int status)
    {
        Coordinator.Refuse("Get", new RpcException(new Status(code, "at 10.0.0.1:50051")));
        var answer = await Gateway.GetAsync("/library/books/7");
        Assert.Equal(status, answer.Status);
        Assert.Equal(status is 429 or 503, answer.Headers.ContainsKey("Retry-After"));
        // What has no details is the transport's own word, or a bug's: neither is for strangers.
        Assert.Equal(status < 500, answer.Body.Contains("10.0.0.1", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_EveryCode_HasALine()
    {
        var walked = Statuses.Select(row => (StatusCode)((object[])row)[0]).Concat([StatusCode.OK, StatusCode.Cancelled]);
        Assert.Equal(Enum.GetValues<StatusCode>().Order(), walked.Order());
        Assert.Equal((200, 499, 409), (StatusTable.Of(StatusCode.OK, ""), StatusTable.Of(StatusCode.Cancelled, ""), StatusTable.Of(StatusCode.OutOfRange, "SEQUENCE_GAP")));
    }

    [Fact]
    public async Task Call_CancelledByTheCoordinator_MayBeTriedAgain()
    {
        Coordinator.Refuse("Get", new RpcException(Status.DefaultCancelled));
        var answer = await Gateway.GetAsync("/library/books/7");
        Assert.Equal((503, "1"), (answer.Status, answer.Header("Retry-After")));
    }

    [Fact]
    public async Task Details_ThatAreGarbage_AreLeftOut()
    {
        Coordinator.Refuse("Get", new RpcException(new Status(StatusCode.NotFound, "gone"), new Metadata { { "grpc-status-details-bin", [0xff, 0xff] } }));
        var answer = await Gateway.GetAsync("/library/books/7");
        Assert.Equal((404, """{"error":{"code":"NotFound","message":"gone"}}"""), (answer.Status, answer.Body));
    }
}
