using Coordinator.Leases;

namespace Coordinator.Tests.Storage;

/// <summary>What every lease store must do; each store inherits it. Ids in parentheses are those of docs/GUARANTEES.md.</summary>
public abstract class LeaseStoreContract : IAsyncLifetime
{
    private protected static readonly TimeSpan Ttl = TimeSpan.FromMilliseconds(400);
    private protected static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PastTtl = Ttl + TimeSpan.FromMilliseconds(50);
    private static readonly CancellationToken None = CancellationToken.None;

    private protected StoreHarness Store { get; private set; } = null!;

    private ILeaseStore Leases => Store.Leases;

    private protected abstract Task<StoreHarness> StartAsync();

    public async Task InitializeAsync() => Store = await StartAsync();

    public async Task DisposeAsync() => await Store.DisposeAsync();

    [Fact]
    public async Task Acquire_FreeResource_GrantsWithAllFields()
    {
        var lease = await GrantAsync("jobs/a", Long, labels: new() { ["zone"] = "b" });
        Assert.Equal("w1", lease.Holder);
        Assert.True(lease.Token > 0);
        Assert.Equal(Long, lease.Ttl);
        Assert.Equal(Long, lease.ExpiresAt - lease.AcquiredAt);
        Assert.Equal("b", lease.Labels["zone"]);
        Assert.Equal(lease, await ValueAsync(Leases.GetAsync(Key("jobs/a"), None)), new LeaseComparer());
    }

    [Fact]
    public async Task Acquire_Held_IsRefusedAlsoToTheSameHolder()
    {
        var lease = await GrantAsync("a", Long);
        var refusal = await RefusalAsync(Leases.AcquireAsync(Acquire("a", Long), None));
        Assert.Equal(RefusalKind.LeaseHeld, refusal.Kind);
        Assert.Equal("w1", refusal.Holder);
        Assert.Equal(lease.ExpiresAt, refusal.ExpiresAt);
    }

    [Fact] // L2
    public async Task Acquire_AgainAndAgain_TokensGrow()
    {
        var last = 0L;
        for (var i = 0; i < 5; i++)
        {
            var lease = await GrantAsync("a", Long);
            Assert.True(lease.Token > last);
            last = lease.Token;
            await ValueAsync(Leases.EndAsync(new(Key("a"), lease.Token, EndReason.Released, null), None));
        }
    }

    [Fact] // L8
    public async Task Acquire_SameOperation_SameGrantOnTheNewConnection()
    {
        var operation = new Operation("op", "d");
        var first = await ValueAsync(Leases.AcquireAsync(Acquire("a", Long) with { Connection = "c1", Operation = operation }, None));
        var again = await ValueAsync(Leases.AcquireAsync(Acquire("a", Long) with { Connection = "c2", Operation = operation }, None));
        Assert.Equal(first.Token, again.Token);
        Assert.True(again.ExpiresAt >= first.ExpiresAt);
        Assert.Equal(EndReason.Superseded, (await RenewAsync(Guard.Connection, new(Key("a"), first.Token, "c1"))).Lost?.Reason);
        Assert.Null((await RenewAsync(Guard.Connection, new(Key("a"), first.Token, "c2"))).Lost);
    }

    [Fact] // L8
    public async Task Acquire_SameOperationOtherArguments_IsRefused()
    {
        await ValueAsync(Leases.AcquireAsync(Acquire("a", Long) with { Operation = new("op", "d1") }, None));
        var refusal = await RefusalAsync(Leases.AcquireAsync(Acquire("a", Long) with { Operation = new("op", "d2") }, None));
        Assert.Equal(RefusalKind.OperationMismatch, refusal.Kind);
    }

    [Fact] // L5: a retry must not make its caller believe in a grant that is over
    public async Task Acquire_SameOperationAfterItsGrantEnded_IsLost()
    {
        var command = Acquire("a", Long) with { Operation = new("op", "d") };
        var lease = await ValueAsync(Leases.AcquireAsync(command, None));
        await ValueAsync(Leases.EndAsync(new(Key("a"), lease.Token, EndReason.Revoked, null), None));
        var refusal = await RefusalAsync(Leases.AcquireAsync(command, None));
        Assert.Equal((RefusalKind.LeaseLost, EndReason.Revoked), (refusal.Kind, refusal.Lost!.Reason));
    }

    [Fact] // L1
    public async Task Acquire_ByManyAtOnce_ExactlyOneIsGranted()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            Leases.AcquireAsync(Acquire("a", Long) with { Holder = $"w{i}" }, None).AsTask()));
        Assert.Single(outcomes, outcome => outcome.Refusal is null);
    }

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

    [Fact] // X1 X3
    public async Task Sweep_ByManyAtOnce_ExpiresEachExactlyOnce()
    {
        var leases = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => GrantAsync($"s/{i}", Ttl)));
        var kept = await GrantAsync("kept", Long);
        await Store.AdvanceAsync(PastTtl);
        var expired = 0;
        await Coordinator.Testing.Eventually.TrueAsync(async () =>
        {
            var sweeps = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Leases.SweepAsync(None).AsTask()));
            expired += sweeps.Sum(sweep => sweep.Expired);
            await Store.AdvanceAsync(TimeSpan.FromMilliseconds(20));
            return expired >= leases.Length;
        }, TimeSpan.FromSeconds(10), "all are swept");
        Assert.Equal(leases.Length, expired);
        var ended = new List<LeaseChange>();
        foreach (var partition in Enumerable.Range(0, ResourceKey.Partitions))
        {
            ended.AddRange((await ChangesAsync(partition)).Where(change => change.Reason is not null));
        }

        Assert.Equal(leases.Select(l => l.Token).Order(), ended.Select(change => change.Token).Order());
        Assert.Equal(kept.Token, (await ValueAsync(Leases.GetAsync(Key("kept"), None))).Token);
    }

    [Fact] // X1: renewals do not move what the sweep is led by
    public async Task Sweep_RenewedLease_IsLeftAlone()
    {
        var lease = await GrantAsync("a", Ttl);
        await Store.AdvanceAsync(Ttl / 2);
        await RenewAsync(Guard.Token, new(Key("a"), lease.Token));
        await Store.AdvanceAsync((Ttl / 2) + TimeSpan.FromMilliseconds(50));
        Assert.Equal(0, (await Leases.SweepAsync(None)).Expired);
        Assert.Equal(lease.Token, (await ValueAsync(Leases.GetAsync(Key("a"), None))).Token);
    }

    [Fact]
    public async Task List_InPages_GivesEachOnce()
    {
        var names = Enumerable.Range(0, 60).Select(i => $"p/{i}").Order(StringComparer.Ordinal).ToArray();
        await Task.WhenAll(names.Select(name => GrantAsync(name, Long)));
        await GrantAsync("other", Long);
        await ValueAsync(Leases.AcquireAsync(Acquire("p/foreign", Long) with { Resource = ResourceKey.Of("t2", "p/foreign") }, None));
        var seen = new List<string>();
        for (var at = ListPosition.Start; at is not null;)
        {
            var page = await Leases.ListAsync("t1", "p/", at, 7, None);
            Assert.InRange(page.Leases.Count, 0, 7);
            seen.AddRange(page.Leases.Select(lease => lease.Resource.Name));
            at = page.Next;
        }

        Assert.Equal(names, seen.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Changes_FromAnyPosition_AreContiguousAndTheSame()
    {
        var key = Key("a");
        for (var i = 0; i < 5; i++)
        {
            var lease = await GrantAsync("a", Long);
            await ValueAsync(Leases.EndAsync(new(key, lease.Token, EndReason.Released, null), None));
        }

        var all = await ChangesAsync(key.Partition);
        Assert.Equal(Enumerable.Range(1, 10).Select(i => (long)i), all.Select(change => change.Position));
        Assert.Equal(all.Skip(4), (await ValueAsync(Leases.ReadChangesAsync(key.Partition, 4, 100, None))));
        Assert.Equal(10, (await Leases.ReadPositionsAsync(None))[key.Partition]);
        Assert.Equal(10, (await Leases.SnapshotAsync("t1", "", key.Partition, None)).Position);
        Assert.Equal(RefusalKind.PositionBeyondEnd, (await RefusalAsync(Leases.ReadChangesAsync(key.Partition, 11, 100, None))).Kind);
    }

    [Fact] // E7, for changes
    public async Task Changes_BehindWhatIsKept_AreToldToBeTrimmed()
    {
        var key = Key("a");
        for (var i = 0; i < 200; i++)
        {
            var lease = await GrantAsync("a", Long);
            await ValueAsync(Leases.EndAsync(new(key, lease.Token, EndReason.Released, null), None));
        }

        Assert.Equal(RefusalKind.CursorTrimmed, (await RefusalAsync(Leases.ReadChangesAsync(key.Partition, 0, 10, None))).Kind);
        Assert.Equal(5, (await ValueAsync(Leases.ReadChangesAsync(key.Partition, 395, 10, None))).Count);
    }

    [Fact]
    public async Task OnChanged_AfterAGrant_NamesThePartition()
    {
        var heard = new TaskCompletionSource<int>();
        using var listening = Leases.OnChanged(partition => heard.TrySetResult(partition));
        // A hint is no promise, and none comes before the store has begun to listen.
        for (var i = 0; !heard.Task.IsCompleted && i < 500; i++)
        {
            var lease = await GrantAsync("a", Long);
            await Leases.EndAsync(new(Key("a"), lease.Token, EndReason.Released, null), None);
            await Task.WhenAny(heard.Task, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
        }

        Assert.Equal(Key("a").Partition, await heard.Task.WaitAsync(TimeSpan.FromSeconds(5)));
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

    private sealed class LeaseComparer : IEqualityComparer<Lease>
    {
        private static readonly Dictionary<string, string> Same = [];

        public bool Equals(Lease? x, Lease? y) => x! with { Labels = Same } == y! with { Labels = Same } && x.Labels.SequenceEqual(y.Labels);

        public int GetHashCode(Lease lease) => lease.Token.GetHashCode();
    }
}
