using Coordinator.Leases;
using Coordinator.Services;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Coordinator.Tests.Services;

/// <summary>Walks the tables: every refusal has a status of its own reason, every method a policy.</summary>
public sealed class TableTests
{
    [Fact]
    public void StatusTable_EveryRefusalAndFailure_HasAStatusAndAReasonOfItsOwn()
    {
        var rows = Enum.GetValues<RefusalKind>().Select(StatusTable.Of).Concat(Enum.GetValues<StoreFailure>().Select(StatusTable.Of)).ToArray();
        Assert.All(rows, row => Assert.NotEqual(StatusCode.OK, row.Code));
        Assert.Equal(rows.Length, rows.Select(row => row.Reason).Distinct().Count());
        Assert.All(Enum.GetValues<StoreFailure>(), failure => Assert.Equal(StatusCode.Unavailable, StatusTable.Of(failure).Code));
    }

    [Theory]
    [InlineData(RefusalKind.InvalidField, StatusCode.InvalidArgument)]
    [InlineData(RefusalKind.OperationMismatch, StatusCode.InvalidArgument)]
    [InlineData(RefusalKind.BatchMismatch, StatusCode.InvalidArgument)]
    [InlineData(RefusalKind.LeaseHeld, StatusCode.Aborted)]
    [InlineData(RefusalKind.LeaseLost, StatusCode.Aborted)]
    [InlineData(RefusalKind.LeaseNotFound, StatusCode.NotFound)]
    [InlineData(RefusalKind.SequenceGap, StatusCode.OutOfRange)]
    [InlineData(RefusalKind.PositionBeyondEnd, StatusCode.OutOfRange)]
    [InlineData(RefusalKind.CursorTrimmed, StatusCode.OutOfRange)]
    [InlineData(RefusalKind.LimitExceeded, StatusCode.ResourceExhausted)]
    internal void StatusTable_Refusal_HasTheStatusOfTheContract(RefusalKind kind, StatusCode expected) =>
        Assert.Equal(expected, StatusTable.Of(kind).Code);

    [Fact]
    public async Task Policies_EveryMappedMethod_HasOne()
    {
        await using var app = CoordinatorHost.Build(new() { Token = "t", Tenant = new string('0', 32), GrpcPort = 0 }, redis: null);
        var mapped = ((IEndpointRouteBuilder)app).DataSources
            .SelectMany(source => source.Endpoints)
            .Select(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.FullName)
            .OfType<string>().Distinct().ToArray();
        Assert.True(mapped.Length >= 17, string.Join('\n', mapped));
        Assert.All(mapped, method => Assert.NotNull(Policies.Of(method)));
        Assert.Null(Policies.Of("/coordinator.v1.Leases/Nothing"));
    }
}
