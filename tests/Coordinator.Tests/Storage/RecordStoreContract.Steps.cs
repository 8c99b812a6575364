using Coordinator.Leases;
using Coordinator.Records;
using Record = Coordinator.Records.Record;

namespace Coordinator.Tests.Storage;

/// <summary>What a holder does to its record, and what is asked of the holder.</summary>
public abstract partial class RecordStoreContract
{
    [Fact]
    public async Task Take_EndsTheLeaseOfAnotherAndGrantsAnew()
    {
        var tail = ResourceKey.Of(Tenant, "tail.ab:1");
        await ValueAsync(Records.CreateAsync(new(tail, new Dictionary<string, string> { ["f"] = "1" }, null) { MostActive = 1, Lease = ("first", Long) }, None));
        var first = await ValueAsync(Records.GetAsync(tail, None));
        var (taken, _) = await ValueAsync(Records.StepAsync(new(tail) { Holder = "second", Grant = Ttl, Take = true }, None));
        Assert.Equal(("second", "1", Ttl), (taken.Lease!.Holder, taken.Text("f"), taken.Lease.Ttl));
        Assert.True(taken.Lease.Token > first.Lease!.Token);
        var late = await RefusalAsync(Records.StepAsync(new(tail) { Token = first.Lease.Token, Renew = Long }, None));
        Assert.Equal((RefusalKind.LeaseLost, EndReason.Superseded), (late.Kind, late.Lost!.Reason));
    }

    [Fact] // E3
    public async Task Step_ByTheHolder_RenewsChangesAndAppendsTogether()
    {
        var run = await QueueAsync(1);
        var claimed = await ValueAsync(Records.ClaimAsync(run.Resource, Claim("a") with { Ttl = Ttl }, None));
        var (record, step) = await ValueAsync(Records.StepAsync(Report(run, "a", "heartbeat") with { Renew = Long }, None));
        Assert.Equal(("running", "p", 1L, 1L), (record.Text("state"), record.Text("phase"), step.AckedSequence, step.LastSequence));
        Assert.InRange(record.Lease!.ExpiresAt - claimed.Lease!.AcquiredAt, Long, Long + TimeSpan.FromSeconds(10));
        Assert.NotNull(record.Instant("last_heartbeat"));
        (record, step) = await ValueAsync(Records.StepAsync(Report(run, "a", "ship_complete"), None));
        Assert.Equal(("shipping", 2L), (record.Text("state"), step.AckedSequence));
        Assert.Equal(["heartbeat", "ship_complete"], (await Store.Events.ReadAsync(run.Resource, 0, 10, None)).Events.Select(e => e.Type));
    }

    [Fact] // L3 E6
    public async Task Step_ByAnother_ChangesNothing()
    {
        var run = await QueueAsync(1);
        Assert.Equal((RefusalKind.NotHolder, null), Who(await RefusalAsync(Records.StepAsync(Report(run, "b", "error"), None))));
        var claimed = await ValueAsync(Records.ClaimAsync(run.Resource, Claim("a"), None));
        Assert.Equal((RefusalKind.NotHolder, "a"), Who(await RefusalAsync(Records.StepAsync(Report(run, "b", "error"), None))));
        Assert.Equal(RefusalKind.LeaseLost, (await RefusalAsync(Records.StepAsync(Report(run, "b", "error") with { Token = claimed.Lease!.Token - 1 }, None))).Kind);
        Assert.Equal(RefusalKind.RecordNotFound, (await RefusalAsync(Records.StepAsync(new(Run(99)) { Holder = "a" }, None))).Kind);
        var got = await ValueAsync(Records.GetAsync(run.Resource, None));
        Assert.Equal(claimed.Fields, got.Fields);
        Assert.Equal(claimed.Lease!.ExpiresAt, got.Lease!.ExpiresAt);
        Assert.Empty((await Store.Events.ReadAsync(run.Resource, 0, 10, None)).Events);
    }

    [Fact] // E2 E4
    public async Task Step_SameBatchAgain_IsAnsweredLikeTheFirst_AGapIsRefused()
    {
        var run = await QueueAsync(1);
        await ValueAsync(Records.ClaimAsync(run.Resource, Claim("a"), None));
        var report = Report(run, "a", "action");
        report = report with { Batch = report.Batch! with { Sequence = 1 } };
        await ValueAsync(Records.StepAsync(report, None));
        var (record, step) = await ValueAsync(Records.StepAsync(report with { Changes = [new(ChangeKind.Set, "phase", "other")] }, None));
        Assert.Equal((1L, "p"), (step.AckedSequence, record.Text("phase")));
        Assert.Single((await Store.Events.ReadAsync(run.Resource, 0, 10, None)).Events);
        var gap = await RefusalAsync(Records.StepAsync(report with { Batch = report.Batch! with { Sequence = 3 } }, None));
        Assert.Equal((RefusalKind.SequenceGap, 2L), (gap.Kind, gap.Expected));
        Assert.Equal(RefusalKind.BatchMismatch, (await RefusalAsync(Records.StepAsync(report with { Batch = report.Batch! with { Digest = "other" } }, None))).Kind);
    }

    [Fact]
    public async Task Cancel_Held_IsToldAndFailsWhenItsLeaseEnds()
    {
        var run = await QueueAsync(1);
        await ValueAsync(Records.ClaimAsync(run.Resource, Claim("a"), None));
        var control = new LeaseControl("c1", LeaseControl.Cancel, "why");
        Assert.Equal(control, (await ValueAsync(Records.CancelAsync(run.Resource, control, None))).Control);
        Assert.Equal(control, (await ValueAsync(Records.StepAsync(Report(run, "a", "heartbeat"), None))).Record.Control);
        var ended = await ValueAsync(Records.EndAsync(new(run.Resource, null, "a", "shipped", null), None));
        Assert.Equal(("failed", null), (ended.Text("state"), ended.Lease));
    }

    [Fact]
    public async Task Cancel_Acknowledged_HasFailed_TheLeaseGoesOn()
    {
        var run = await QueueAsync(1);
        var claimed = await ValueAsync(Records.ClaimAsync(run.Resource, Claim("a"), None));
        await ValueAsync(Records.CancelAsync(run.Resource, new("c1", LeaseControl.Cancel, ""), None));
        await ValueAsync(Store.Leases.StepAsync(new(run.Resource, claimed.Lease!.Token) { AcknowledgedControl = "c1" }, None));
        var got = await ValueAsync(Records.GetAsync(run.Resource, None));
        Assert.Equal("failed", got.Text("state"));
        Assert.NotNull(got.Lease);
    }

    [Fact]
    public async Task Cancel_Queued_HasFailed_AndIsNeverClaimed()
    {
        var run = await QueueAsync(1);
        Assert.Equal("failed", (await ValueAsync(Records.CancelAsync(run.Resource, new("c", LeaseControl.Cancel, ""), None))).Text("state"));
        Assert.Null((await Records.ClaimNextAsync(Web, Claim("a"), None)).Value);
        Assert.Equal(RefusalKind.RecordFinal, (await RefusalAsync(Records.CancelAsync(run.Resource, new("c", LeaseControl.Cancel, ""), None))).Kind);
    }

    [Fact]
    public async Task Step_WithCondition_DoesNothingWhereItDoesNotHold()
    {
        var tunnel = await ValueAsync(Records.CreateAsync(Tunnel(1, "a"), None));
        var beat = new RecordStep(tunnel.Resource) { Renew = Long, Changes = [new(ChangeKind.Is, "slug", "b"), new(ChangeKind.Set, "seen", "1")] };
        Assert.Equal(RefusalKind.RecordNotFound, (await RefusalAsync(Records.StepAsync(beat, None))).Kind);
        Assert.Equal(RefusalKind.RecordNotFound, (await RefusalAsync(Records.StepAsync(beat with { Changes = [new(ChangeKind.Is, "none", "b")] }, None))).Kind);
        var untouched = await ValueAsync(Records.GetAsync(tunnel.Resource, None));
        Assert.Equal((null, tunnel.Lease!.ExpiresAt), (untouched.Text("seen"), untouched.Lease!.ExpiresAt));

        // With and without the record in the answer.
        beat = beat with { Changes = [new(ChangeKind.Is, "slug", "a"), new(ChangeKind.Set, "seen", "1")] };
        var touched = await ValueAsync(Records.TouchAsync(beat, None));
        var (beaten, step) = await ValueAsync(Records.StepAsync(beat, None));
        Assert.Equal(("1", step.ExpiresAt), (beaten.Text("seen"), beaten.Lease!.ExpiresAt));
        Assert.True(step.ExpiresAt >= touched.ExpiresAt && touched.ExpiresAt > tunnel.Lease.ExpiresAt);
    }

    [Fact]
    public async Task Step_WithGrant_HoldsWhatNobodyHeld_AndKeepsTheMaximum()
    {
        var worker = ResourceKey.Of(Tenant, "worker:w");
        await ValueAsync(Records.CreateAsync(new(worker, new Dictionary<string, string>(), null), None));
        foreach (var at in new[] { 5, 9, 7 })
        {
            var (record, _) = await ValueAsync(Records.StepAsync(new(worker)
            {
                Holder = "w",
                Grant = Long,
                Renew = Long,
                Changes = [new(ChangeKind.Max, "at", $"{at}")],
            }, None));
            Assert.Equal((Math.Max(at, at == 5 ? 5 : 9), "w"), (record.Number("at"), record.Lease!.Holder));
        }

        Assert.Equal("w", (await ValueAsync(Records.RemoveAsync(worker, None))).Lease!.Holder);
        Assert.Equal(RefusalKind.RecordNotFound, (await RefusalAsync(Records.GetAsync(worker, None))).Kind);
        Assert.Equal(RefusalKind.LeaseNotFound, (await RefusalAsync(Store.Leases.GetAsync(worker, None))).Kind);
    }

    private static RecordStep Report(Record run, string holder, string type) => new(run.Resource)
    {
        Holder = holder,
        Renew = Ttl,
        Batch = new(EventBatch.Next, "digest", [new(type, "{}"u8.ToArray())]),
        Changes = [new(ChangeKind.Set, "phase", "p"), new(ChangeKind.Now, "last_heartbeat")],
    };

    private static (RefusalKind, string?) Who(Refusal refusal) => (refusal.Kind, refusal.Holder);
}
