using Coordinator.Leases;

namespace Coordinator.Tests.Storage;

/// <summary>Who is granted a lease, and what asking for it again is answered.</summary>
public abstract partial class LeaseStoreContract
{
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

    private sealed class LeaseComparer : IEqualityComparer<Lease>
    {
        private static readonly Dictionary<string, string> Same = [];

        public bool Equals(Lease? x, Lease? y) => x! with { Labels = Same } == y! with { Labels = Same } && x.Labels.SequenceEqual(y.Labels);

        public int GetHashCode(Lease lease) => lease.Token.GetHashCode();
    }
}
