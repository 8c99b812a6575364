using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Tests.Services;

/// <summary>What a worker reports of its run: taken once, from its holder, and only what is right.</summary>
public sealed class RunReportsTests : RunsWorld
{
    [Fact] // L4
    public async Task Report_WithAShorterLease_NeverShortensTheDeadline()
    {
        var id = await ClaimedAsync();
        var before = (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Run.LeaseExpiresAt;
        var report = await Client.ReportAsync(new() { Id = id, WorkerId = "w", LeaseSeconds = 1 }, RunningHost.Headers);
        Assert.Equal(before, report.Run.LeaseExpiresAt);
    }

    [Fact] // L3
    public async Task Report_OfAForeignWorker_ChangesNothingAndNamesTheHolder()
    {
        var id = await ClaimedAsync();
        var before = (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Run;
        var foreign = new RunsReportRequest { Id = id, WorkerId = "x", Phase = "stolen", Events = { new RunReportedEvent { Type = "error" } } };
        var info = (await Statuses.RefusedAsync(Client.ReportAsync(foreign, RunningHost.Headers))).Rich().Info();
        Assert.Equal(("CLAIM_NOT_HELD", "w"), (info.Reason, info.Metadata["worker_id"]));
        Assert.Contains("lease_expires_at", info.Metadata.Keys);
        Assert.Equal(before, (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Run);
        Assert.Empty((await Client.ReadEventsAsync(new() { Id = id }, RunningHost.Headers)).Events);
    }

    [Fact] // E2 E4 L5
    public async Task Report_Numbered_IsExactlyOnceAndUnderItsTokenOnly()
    {
        await QueueAsync();
        var claim = await Client.ClaimNextAsync(new() { LaneKey = "web", WorkerId = "w", LeaseSeconds = 10 }, RunningHost.Headers);
        var report = new RunsReportRequest
        {
            Id = claim.Run.Id,
            WorkerId = "w",
            FencingToken = claim.FencingToken,
            BatchSequence = 1,
            Phase = "one",
            Events = { new RunReportedEvent { Type = "action" } },
        };
        var first = await Client.ReportAsync(report, RunningHost.Headers);
        Assert.Equal(first, await Client.ReportAsync(report, RunningHost.Headers));
        Assert.Single((await Client.ReadEventsAsync(new() { Id = claim.Run.Id }, RunningHost.Headers)).Events);
        var other = report.Clone();
        other.Phase = "two";
        Assert.Equal("BATCH_MISMATCH", await ReasonAsync(Client.ReportAsync(other, RunningHost.Headers)));
        other.BatchSequence = 3;
        Assert.Equal("2", (await Statuses.RefusedAsync(Client.ReportAsync(other, RunningHost.Headers))).Rich().Info().Metadata["expected"]);

        Time.Advance(TimeSpan.FromSeconds(121));
        var next = await Client.ClaimNextAsync(new() { LaneKey = "web", WorkerId = "v" }, RunningHost.Headers);
        Assert.Equal(claim.Run.Id, next.Run.Id);
        Assert.True(next.FencingToken > claim.FencingToken);
        var lost = (await Statuses.RefusedAsync(Client.ReportAsync(report, RunningHost.Headers))).Rich().Info();
        Assert.Equal(("CLAIM_LOST", "v", "expired"), (lost.Reason, lost.Metadata["worker_id"], lost.Metadata["reason"]));
    }

    [Theory]
    [InlineData("", "w", "id")]
    [InlineData("not-a-uuid", "w", "id")]
    [InlineData("00000000-0000-4000-8000-000000000000", "", "worker_id")]
    [InlineData("00000000-0000-4000-8000-000000000000", "a\nb", "worker_id")]
    public async Task Report_WithABadField_NamesIt(string id, string worker, string field)
    {
        var refused = await Statuses.RefusedAsync(Client.ReportAsync(new() { Id = id, WorkerId = worker }, RunningHost.Headers));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Equal(field, Assert.Single(refused.Rich().Find<Google.Rpc.BadRequest>()!.FieldViolations).Field);
    }

    [Fact]
    public async Task Report_WithBadEvents_NamesThem()
    {
        var id = await ClaimedAsync();
        foreach (var (e, field) in new[]
        {
            (new RunReportedEvent { Type = "unknown" }, "events[0].type"),
            (new RunReportedEvent(), "events[0].type"),
            (new RunReportedEvent { Type = "action", Payload = ByteString.CopyFromUtf8("[1]") }, "events[0].payload"),
            (new RunReportedEvent { Type = "action", Payload = ByteString.CopyFromUtf8("{") }, "events[0].payload"),
            (new RunReportedEvent { Type = "action", Payload = ByteString.CopyFromUtf8("{}x") }, "events[0].payload"),
        })
        {
            var refused = await Statuses.RefusedAsync(Client.ReportAsync(new() { Id = id, WorkerId = "w", Events = { e } }, RunningHost.Headers));
            Assert.Equal(field, Assert.Single(refused.Rich().Find<Google.Rpc.BadRequest>()!.FieldViolations).Field);
        }
    }
}
