using Coordinator.Leases;

namespace Coordinator.Tests.Services.Harness;

/// <summary>A store that fails each call in the same way, but lets the background readers be.</summary>
internal sealed class FailingLeases(Exception failure) : ILeaseStore
{
    public ValueTask<Outcome<Lease>> AcquireAsync(AcquireCommand command, CancellationToken cancellation) => throw failure;

    public ValueTask RenewAsync(Guard guard, ReadOnlyMemory<Renewal> renewals, Memory<RenewalResult> results, CancellationToken cancellation) => throw failure;

    public ValueTask<Outcome<StepResult>> StepAsync(GuardedStep step, CancellationToken cancellation) => throw failure;

    public ValueTask<Outcome<bool>> EndAsync(EndCommand command, CancellationToken cancellation) => throw failure;

    public ValueTask<Outcome<Lease>> GetAsync(ResourceKey resource, CancellationToken cancellation) => throw failure;

    public ValueTask<RenewalResult> CheckAsync(ResourceKey resource, long token, CancellationToken cancellation) => throw failure;

    public ValueTask<LeasePage> ListAsync(string tenant, string prefix, ListPosition from, int count, CancellationToken cancellation) => throw failure;

    public ValueTask<LeaseSnapshot> SnapshotAsync(string tenant, string prefix, int partition, CancellationToken cancellation) => throw failure;

    public ValueTask<Outcome<IReadOnlyList<LeaseChange>>> ReadChangesAsync(int partition, long after, int count, CancellationToken cancellation) =>
        throw failure;

    public ValueTask<long[]> ReadPositionsAsync(CancellationToken cancellation) => new(new long[ResourceKey.Partitions]);

    public IDisposable OnChanged(Action<int> changed) => new MemoryStream();

    public ValueTask<SweepResult> SweepAsync(CancellationToken cancellation) => new(new SweepResult(0, TimeSpan.FromSeconds(1)));
}
