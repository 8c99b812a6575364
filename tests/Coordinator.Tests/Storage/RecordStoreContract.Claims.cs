using Coordinator.Leases;
using Coordinator.Records;
using Record = Coordinator.Records.Record;

namespace Coordinator.Tests.Storage;

/// <summary>Who gets what waits in a lane, and in which order.</summary>
public abstract partial class RecordStoreContract
{
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
}
