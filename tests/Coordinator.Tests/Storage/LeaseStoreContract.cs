using Coordinator.Leases;

namespace Coordinator.Tests.Storage;

/// <summary>What every lease store must do; each store inherits it. Ids in parentheses are those of docs/GUARANTEES.md.</summary>
public abstract partial class LeaseStoreContract : IAsyncLifetime
{
    private protected static readonly TimeSpan Ttl = TimeSpan.FromSeconds(1.5);
    private protected static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PastTtl = Ttl + TimeSpan.FromMilliseconds(50);
    private static readonly CancellationToken None = CancellationToken.None;

    private protected StoreHarness Store { get; private set; } = null!;

    private ILeaseStore Leases => Store.Leases;

    private protected abstract Task<StoreHarness> StartAsync();

    public async Task InitializeAsync() => Store = await StartAsync();

    public async Task DisposeAsync() => await Store.DisposeAsync();

    [Fact]
    public async Task Renew_BeforeTheDeadline_HoldsOn()
    {
        var lease = await GrantAsync("a", Ttl);
        for (var i = 0; i < 4; i++)
        {
            await Store.AdvanceAsync(Ttl / 2);
            var result = await RenewAsync(Guard.Token, new(Key("a"), lease.Token));
            Assert.Null(result.Lost);
            Assert.Equal(Ttl, result.Remaining);
        }
    }

    [Fact] // L4
    public async Task Renew_PastTheDeadline_IsLostAndExpiredOnce()
    {
        var lease = await GrantAsync("a", Ttl);
        await Store.AdvanceAsync(PastTtl);
        Assert.Equal(EndReason.Expired, (await RenewAsync(Guard.Token, new(Key("a"), lease.Token))).Lost?.Reason);
        Assert.Equal(EndReason.Expired, (await RenewAsync(Guard.Token, new(Key("a"), lease.Token))).Lost?.Reason);
        Assert.Equal(RefusalKind.LeaseNotFound, (await RefusalAsync(Leases.GetAsync(Key("a"), None))).Kind);
        var changes = await ChangesAsync(Key("a").Partition);
        Assert.Equal([null, EndReason.Expired], changes.Select(change => change.Reason));
    }

    [Fact] // L3
    public async Task Renew_StaleToken_ChangesNothingAndNamesTheCurrent()
    {
        var old = await GrantAsync("a", Long);
        await ValueAsync(Leases.EndAsync(new(Key("a"), old.Token, EndReason.Released, null), None));
        var current = await GrantAsync("a", Long);
        var result = await RenewAsync(Guard.Token, new(Key("a"), old.Token));
        Assert.Equal(new(EndReason.Released, current.Token, 0), result.Lost);
        Assert.Equal(new(EndReason.Forgotten, current.Token, 0), (await RenewAsync(Guard.Token, new(Key("a"), current.Token + 1_000_000))).Lost);
        Assert.Equal(current.ExpiresAt, (await ValueAsync(Leases.GetAsync(Key("a"), None))).ExpiresAt);
    }

    [Fact]
    public async Task Renew_ManyWithOneLost_OthersAreRenewed()
    {
        var a = await GrantAsync("a", Long);
        var b = await GrantAsync("b", Long);
        await ValueAsync(Leases.EndAsync(new(Key("a"), a.Token, EndReason.Revoked, null), None));
        var results = new RenewalResult[2];
        await Leases.RenewAsync(Guard.Token, new Renewal[] { new(Key("a"), a.Token), new(Key("b"), b.Token) }, results, None);
        Assert.Equal(EndReason.Revoked, results[0].Lost?.Reason);
        Assert.Null(results[1].Lost);
    }

    [Fact]
    public async Task Resume_MovesTheLeaseToTheNewConnection()
    {
        var lease = await ValueAsync(Leases.AcquireAsync(Acquire("a", Long) with { Connection = "c1" }, None));
        await ValueAsync(Leases.StepAsync(new(Key("a"), lease.Token) { Batch = Batch(1, "x") }, None));
        var resumed = await RenewAsync(Guard.Resume, new(Key("a"), lease.Token, "c2", "w1"));
        Assert.Equal((null, Long, 1L), (resumed.Lost, resumed.Ttl, resumed.LastBatchSequence));
        Assert.Equal(EndReason.Superseded, (await RenewAsync(Guard.Connection, new(Key("a"), lease.Token, "c1"))).Lost?.Reason);
        Assert.Null((await RenewAsync(Guard.Connection, new(Key("a"), lease.Token, "c2"))).Lost);
    }

    [Fact] // L3
    public async Task Resume_ByAnotherHolder_IsRefused()
    {
        var lease = await ValueAsync(Leases.AcquireAsync(Acquire("a", Long) with { Connection = "c1" }, None));
        Assert.NotNull((await RenewAsync(Guard.Resume, new(Key("a"), lease.Token, "c2", "thief"))).Lost);
        Assert.Null((await RenewAsync(Guard.Connection, new(Key("a"), lease.Token, "c1"))).Lost);
    }

    [Fact]
    public async Task End_Twice_IsTheSameAnswerAndOneChange()
    {
        var lease = await GrantAsync("a", Long);
        var release = new EndCommand(Key("a"), lease.Token, EndReason.Released, null);
        Assert.True(await ValueAsync(Leases.EndAsync(release, None)));
        Assert.True(await ValueAsync(Leases.EndAsync(release, None)));
        var revoke = await RefusalAsync(Leases.EndAsync(release with { Reason = EndReason.Revoked }, None));
        Assert.Equal((RefusalKind.LeaseLost, EndReason.Released), (revoke.Kind, revoke.Lost!.Reason));
        Assert.Equal(2, (await ChangesAsync(Key("a").Partition)).Count);
    }

    [Fact] // L3
    public async Task End_StaleToken_LeavesTheNewGrant()
    {
        var old = await GrantAsync("a", Ttl);
        await Store.AdvanceAsync(PastTtl);
        var current = await GrantAsync("a", Long);
        Assert.Equal(RefusalKind.LeaseLost, (await RefusalAsync(Leases.EndAsync(new(Key("a"), old.Token, EndReason.Released, null), None))).Kind);
        Assert.Equal(current.Token, (await ValueAsync(Leases.GetAsync(Key("a"), None))).Token);
    }

    [Fact]
    public async Task End_NeverGranted_IsNotFound()
    {
        var refusal = await RefusalAsync(Leases.EndAsync(new(Key("nothing"), long.MaxValue / 4096, EndReason.Released, null), None));
        Assert.Equal(RefusalKind.LeaseNotFound, refusal.Kind);
    }

    [Fact]
    public async Task Control_ComesBackWithEveryRenewalUntilAcknowledged()
    {
        var lease = await GrantAsync("a", Long);
        var control = new LeaseControl("id1", LeaseControl.Cancel, "too slow\nreally");
        await ValueAsync(Leases.StepAsync(new(Key("a"), lease.Token) { Control = control }, None));
        Assert.Equal(control, (await RenewAsync(Guard.Token, new(Key("a"), lease.Token))).Control);
        await ValueAsync(Leases.StepAsync(new(Key("a"), lease.Token) { AcknowledgedControl = "other" }, None));
        Assert.Equal(control, (await RenewAsync(Guard.Connection, new(Key("a"), lease.Token))).Control);
        await ValueAsync(Leases.StepAsync(new(Key("a"), lease.Token) { AcknowledgedControl = "id1" }, None));
        Assert.Null((await RenewAsync(Guard.Token, new(Key("a"), lease.Token))).Control);
        Assert.True((await ChangesAsync(Key("a").Partition))[^1].IsControl);
    }

    [Fact]
    public async Task Check_ValidAndNot_ToldApart()
    {
        var lease = await GrantAsync("a", Long);
        var valid = await Leases.CheckAsync(Key("a"), lease.Token, None);
        Assert.Null(valid.Lost);
        Assert.InRange(valid.Remaining, Long - TimeSpan.FromSeconds(5), Long);
        Assert.Equal(lease.Token, (await Leases.CheckAsync(Key("a"), lease.Token - 1, None)).Lost?.CurrentToken);
    }

    private protected static ResourceKey Key(string name) => ResourceKey.Of("t1", name);

    private protected static EventBatch Batch(long sequence, params string[] types) =>
        new(sequence, string.Join(',', types), [.. types.Select(type => new EventEntry(type, new byte[] { 1, 0, 255 }))]);

    private protected async Task<Lease> GrantAsync(string name, TimeSpan ttl, Dictionary<string, string>? labels = null) =>
        await ValueAsync(Leases.AcquireAsync(Acquire(name, ttl) with { Labels = labels ?? [] }, None));

    private protected static async Task<T> ValueAsync<T>(ValueTask<Outcome<T>> pending)
    {
        var outcome = await pending;
        Assert.Null(outcome.Refusal);
        return outcome.Value!;
    }

    private protected static async Task<Refusal> RefusalAsync<T>(ValueTask<Outcome<T>> pending)
    {
        var outcome = await pending;
        Assert.NotNull(outcome.Refusal);
        return outcome.Refusal;
    }

    private protected async Task<RenewalResult> RenewAsync(Guard guard, Renewal renewal)
    {
        var results = new RenewalResult[1];
        await Leases.RenewAsync(guard, new[] { renewal }, results, None);
        return results[0];
    }

    private static AcquireCommand Acquire(string name, TimeSpan ttl) => new(Key(name), "w1", "", ttl, new Dictionary<string, string>(), null);

    private async Task<IReadOnlyList<LeaseChange>> ChangesAsync(int partition) =>
        await ValueAsync(Leases.ReadChangesAsync(partition, 0, 1_000, None));
}
