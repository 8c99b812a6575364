using Coordinator.Leases;

namespace Coordinator.Tests.Storage;

/// <summary>Renewals in memory are many and cost no garbage.</summary>
public sealed class EmbeddedRenewalTests
{
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Renew_ManyLeases_AllocatesNothing()
    {
        await using var store = new EmbeddedHarness();
        var renewals = new Renewal[ILeaseStore.MaxRenewalsPerCall];
        for (var i = 0; i < renewals.Length; i++)
        {
            var key = ResourceKey.Of("t", $"a/{i}");
            var lease = (await store.Leases.AcquireAsync(new(key, "w", "c", Ttl, new Dictionary<string, string>(), null), CancellationToken.None)).Value!;
            renewals[i] = new(key, lease.Token, "c");
        }

        var results = new RenewalResult[renewals.Length];
        Assert.True(Renew());
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(Renew());
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.All(results, result => Assert.Null(result.Lost));

        // At once: there is nothing to wait for.
        bool Renew()
        {
            var renewing = store.Leases.RenewAsync(Guard.Connection, renewals, results, CancellationToken.None);
            return renewing.IsCompletedSuccessfully;
        }
    }
}
