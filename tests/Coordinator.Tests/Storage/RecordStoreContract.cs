using Coordinator.Leases;
using Coordinator.Records;
using Record = Coordinator.Records.Record;

namespace Coordinator.Tests.Storage;

/// <summary>What every record store must do; each store inherits it.</summary>
public abstract class RecordStoreContract : IAsyncLifetime
{
    private const string Tenant = "t";
    private static readonly TimeSpan Ttl = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan PastTtl = Ttl + TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly Lane Web = new(Tenant, "web", ResourceKey.PartitionOfLane(Tenant, "web"));

    private protected StoreHarness Store { get; private set; } = null!;

    private IRecordStore Records => Store.Records;

    private protected abstract Task<StoreHarness> StartAsync();

    public async Task InitializeAsync() => Store = await StartAsync();

    public async Task DisposeAsync() => await Store.DisposeAsync();

    [Fact]
    public async Task Create_ThenGet_GivesWhatWasMade()
    {
        var made = await QueueAsync(1);
        var got = await ValueAsync(Records.GetAsync(made.Resource, None));
        Assert.Equal(made.Fields, got.Fields);
        Assert.Equal(("queued", "one"), (got.Text("state"), got.Text("title")));
        Assert.Null(got.Lease);
        Assert.True(got.Instant("created") > DateTimeOffset.UnixEpoch);
    }

    [Fact] // L8
    public async Task Create_SameOperation_GivesTheFirst()
    {
        var first = await ValueAsync(Records.CreateAsync(Queue(1, new Operation("op", "a")), None));
        var again = await ValueAsync(Records.CreateAsync(Queue(2, new Operation("op", "a")), None));
        Assert.Equal(first.Resource, again.Resource);
        Assert.Equal(RefusalKind.OperationMismatch, (await RefusalAsync(Records.CreateAsync(Queue(3, new Operation("op", "b")), None))).Kind);
        Assert.Single((await Records.ListAsync(Web.Partition, Tenant, "run", 0, 10, None)).Records);
    }

    [Fact]
    public async Task ClaimNext_IsOldestFirst_ThenNothing()
    {
        var (one, two) = (await QueueAsync(1), await QueueAsync(2));
        var first = await ValueAsync(Records.ClaimNextAsync(Web, Claim("a"), None));
        var second = await ValueAsync(Records.ClaimNextAsync(Web, Claim("b"), None));
        Assert.Equal((one.Resource, two.Resource), (first!.Resource, second!.Resource));
        Assert.True(second.Lease!.Token > first.Lease!.Token);
        Assert.Equal(("claimed", "a"), (first.Text("state"), first.Text("worker_id")));
        Assert.Null((await Records.ClaimNextAsync(Web, Claim("c"), None)).Value);
    }

    [Fact] // L8
    public async Task ClaimNext_SameOperation_GivesTheSameClaimWhileItHolds()
    {
        await QueueAsync(1);
        await QueueAsync(2);
        var claim = Claim("a") with { Operation = new("op", "x") };
        var first = await ValueAsync(Records.ClaimNextAsync(Web, claim, None));
        var again = await ValueAsync(Records.ClaimNextAsync(Web, claim, None));
        Assert.Equal((first!.Resource, first.Lease!.Token), (again!.Resource, again.Lease!.Token));
        await ValueAsync(Records.EndAsync(new(first.Resource, null, "a", "shipped", null), None));
        Assert.Equal(RefusalKind.LeaseLost, (await RefusalAsync(Records.ClaimNextAsync(Web, claim, None))).Kind);
    }

    [Fact]
    public async Task ClaimNext_WhoWaitsLonger_IsServedFirst()
    {
        foreach (var waiter in new[] { "a", "b", "a", "b" })
        {
            Assert.Null((await Records.ClaimNextAsync(Web, Claim(waiter) with { Waiter = waiter }, None)).Value);
        }

        await QueueAsync(1);
        Assert.Null((await Records.ClaimNextAsync(Web, Claim("c"), None)).Value);
        Assert.Null((await Records.ClaimNextAsync(Web, Claim("b") with { Waiter = "b" }, None)).Value);
        Assert.NotNull((await Records.ClaimNextAsync(Web, Claim("a") with { Waiter = "a" }, None)).Value);
        await QueueAsync(2);
        Assert.NotNull((await Records.ClaimNextAsync(Web, Claim("b") with { Waiter = "b" }, None)).Value);
    }

    [Fact]
    public async Task ClaimNext_WaiterThatLeaves_KeepsNobodyWaiting()
    {
        Assert.Null((await Records.ClaimNextAsync(Web, Claim("a") with { Waiter = "a" }, None)).Value);
        await QueueAsync(1);
        await Records.LeaveAsync(Web, "a", None);
        Assert.NotNull((await Records.ClaimNextAsync(Web, Claim("b"), None)).Value);
    }

    [Fact]
    public async Task ClaimNext_WaiterThatIsGone_KeepsNobodyWaiting()
    {
        Assert.Null((await Records.ClaimNextAsync(Web, Claim("a") with { Waiter = "a" }, None)).Value);
        await QueueAsync(1);
        await Store.AdvanceAsync(Coordinator.Records.Claim.PlaceKept + TimeSpan.FromMilliseconds(100));
        Assert.NotNull((await Records.ClaimNextAsync(Web, Claim("b"), None)).Value);
    }

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

    [Fact] // a tail is gone with its lease, and makes room for another
    public async Task Tail_WhoseLeaseEnds_IsForgotten()
    {
        var (one, two) = (ResourceKey.Of(Tenant, "tail.ab:1"), ResourceKey.Of(Tenant, "tail.ab:2"));
        Assert.Equal(one.Partition, two.Partition);
        await ValueAsync(Records.CreateAsync(new(one, new Dictionary<string, string>(), null) { MostActive = 1, Lease = ("a", Ttl) }, None));
        Assert.Equal(RefusalKind.TooManyActive, (await RefusalAsync(Records.CreateAsync(new(two, new Dictionary<string, string>(), null) { MostActive = 1, Lease = ("a", Long) }, None))).Kind);
        await Store.AdvanceAsync(PastTtl);
        Assert.Equal(RefusalKind.RecordNotFound, (await RefusalAsync(Records.GetAsync(one, None))).Kind);
        await ValueAsync(Records.CreateAsync(new(two, new Dictionary<string, string>(), null) { MostActive = 1, Lease = ("a", Long) }, None));
        Assert.Equal(two, Assert.Single((await Records.ListAsync(two.Partition, Tenant, "tail.ab", 0, 10, None)).Records).Resource);
        await ValueAsync(Records.EndAsync(new(two, null, null, "stopped", null), None));
        Assert.Empty((await Records.ListAsync(two.Partition, Tenant, "tail.ab", 0, 10, None)).Records);
    }

    [Fact] // X1
    public async Task Claim_ThatExpires_IsQueuedAgainInItsPlace()
    {
        var one = await QueueAsync(1);
        await QueueAsync(2);
        var claimed = await ValueAsync(Records.ClaimNextAsync(Web, Claim("a") with { Ttl = Ttl }, None));
        await Store.AdvanceAsync(PastTtl);
        var waits = await ValueAsync(Records.GetAsync(one.Resource, None));
        Assert.Equal(("queued", null, null), (waits.Text("state"), waits.Text("worker_id"), waits.Lease));
        var next = await ValueAsync(Records.ClaimNextAsync(Web, Claim("b"), None));
        Assert.Equal(one.Resource, next!.Resource);
        Assert.True(next.Lease!.Token > claimed!.Lease!.Token);
    }

    [Fact]
    public async Task Claim_ByName_OfWhatIsHeldOrOverOrUnknown_IsRefused()
    {
        var run = await QueueAsync(1);
        await ValueAsync(Records.ClaimAsync(run.Resource, Claim("a"), None));
        var refused = await RefusalAsync(Records.ClaimAsync(run.Resource, Claim("b"), None));
        Assert.Equal((RefusalKind.NotHolder, "a"), (refused.Kind, refused.Holder));
        await ValueAsync(Records.EndAsync(new(run.Resource, null, "a", "shipped", null), None));
        Assert.Equal(RefusalKind.RecordFinal, (await RefusalAsync(Records.ClaimAsync(run.Resource, Claim("b"), None))).Kind);
        Assert.Equal(RefusalKind.RecordNotFound, (await RefusalAsync(Records.ClaimAsync(Run(99), Claim("b"), None))).Kind);
        Assert.Null((await Records.ClaimNextAsync(Web, Claim("c"), None)).Value);
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
    public async Task Create_Names_AreTakenUntilTheLeaseEnds_AndTheBoundHolds()
    {
        var tunnel = await ValueAsync(Records.CreateAsync(Tunnel(1, "a"), None));
        Assert.Equal((RefusalKind.NameTaken, "slug:a"), About(await RefusalAsync(Records.CreateAsync(Tunnel(2, "a"), None))));
        await ValueAsync(Records.CreateAsync(Tunnel(3, "b"), None));
        Assert.Equal(2, (await RefusalAsync(Records.CreateAsync(Tunnel(4, "c"), None))).Active);
        Assert.Equal(tunnel.Resource.Name, await Records.FindAsync(tunnel.Resource.Partition, Tenant, "slug:a", None));
        await Store.AdvanceAsync(PastTtl);
        await ValueAsync(Records.CreateAsync(Tunnel(5, "a"), None));
        var ended = await ValueAsync(Records.GetAsync(tunnel.Resource, None));
        Assert.Equal(("stopped", "LEASE_EXPIRED"), (ended.Text("state"), ended.Text("last_error")));
        var told = (await Store.Events.ReadAsync(ResourceKey.Of(Tenant, "tunnel:clean-up"), 0, 10, None)).Events;
        Assert.Equal(["tunnel_expired", "tunnel_expired"], told.Select(e => e.Type));
        Assert.Contains("\"reason\":\"expired\"", System.Text.Encoding.UTF8.GetString(told[0].Payload.Span), StringComparison.Ordinal);
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

    [Fact]
    public async Task List_Pages_InTheOrderOfTheirMaking()
    {
        for (var i = 1; i <= 5; i++)
        {
            await QueueAsync(i);
        }

        var titles = new List<string?>();
        for (long? after = 0; after is { } at;)
        {
            var page = await Records.ListAsync(Web.Partition, Tenant, "run", at, 2, None);
            titles.AddRange(page.Records.Select(record => record.Resource.Name));
            after = page.Next;
        }

        Assert.Equal(Enumerable.Range(1, 5).Select(i => Run(i).Name), titles);
        Assert.Empty((await Records.ListAsync(Web.Partition, "other", "run", 0, 10, None)).Records);
    }

    private static ResourceKey Run(int number) => ResourceKey.Of(Tenant, $"run:{Web.Partition:x2}000000-0000-8000-8000-{number:d12}");

    private static CreateRecord Queue(int number, Operation? operation = null) =>
        new(Run(number), new Dictionary<string, string> { ["state"] = "queued", ["title"] = "one" }, operation) { Lane = Web.Key };

    private static CreateRecord Tunnel(int number, string slug) => new(
        ResourceKey.Of(Tenant, $"tunnel:{number}"),
        new Dictionary<string, string> { ["state"] = "active", ["slug"] = slug, ["hostname"] = $"{slug}.test" }, null)
    {
        Names = [$"slug:{slug}", $"host:{slug}.test"],
        MostActive = 2,
        Lease = ("t", Ttl),
    };

    private static Claim Claim(string holder) => new(holder, Long, null);

    private static RecordStep Report(Record run, string holder, string type) => new(run.Resource)
    {
        Holder = holder,
        Renew = Ttl,
        Batch = new(EventBatch.Next, "digest", [new(type, "{}"u8.ToArray())]),
        Changes = [new(ChangeKind.Set, "phase", "p"), new(ChangeKind.Now, "last_heartbeat")],
    };

    private static (RefusalKind, string?) Who(Refusal refusal) => (refusal.Kind, refusal.Holder);

    private static (RefusalKind, string?) About(Refusal refusal) => (refusal.Kind, refusal.About);

    private async Task<Record> QueueAsync(int number) => await ValueAsync(Records.CreateAsync(Queue(number), None));

    private static async Task<T> ValueAsync<T>(ValueTask<Outcome<T>> pending)
    {
        var outcome = await pending;
        Assert.Null(outcome.Refusal);
        return outcome.Value!;
    }

    private static async Task<Refusal> RefusalAsync<T>(ValueTask<Outcome<T>> pending)
    {
        var outcome = await pending;
        Assert.NotNull(outcome.Refusal);
        return outcome.Refusal;
    }
}

/// <summary>The contract, on the embedded store.</summary>
public sealed class EmbeddedRecordStoreTests : RecordStoreContract
{
    private protected override Task<StoreHarness> StartAsync() => Task.FromResult<StoreHarness>(new EmbeddedHarness());
}

/// <summary>The contract, on a real Redis.</summary>
public sealed class RedisRecordStoreTests : RecordStoreContract
{
    private protected override async Task<StoreHarness> StartAsync() => await RedisHarness.StartAsync();
}
