using Coordinator.Leases;

namespace Coordinator.Tests.Storage;

/// <summary>What is seen of leases from outside: they are swept, listed, and told as changes.</summary>
public abstract partial class LeaseStoreContract
{
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
}
