using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>What looks at many leases of a partition: pages, snapshots, changes, the sweep.</summary>
internal sealed class EmbeddedLeaseReader(EmbeddedState state)
{
    private const int SweptPerCall = 200;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    public LeasePage List(string tenant, string prefix, ListPosition from, int count)
    {
        var leases = new List<Lease>();
        for (var partition = from.Partition; partition < ResourceKey.Partitions; partition++)
        {
            var after = partition == from.Partition ? from.AfterName : "";
            leases.AddRange(Snapshot(tenant, prefix, partition).Leases
                .Where(lease => string.CompareOrdinal(lease.Resource.Name, after) > 0)
                .Take(count - leases.Count));
            if (leases.Count == count)
            {
                return new(leases, new(partition, leases[^1].Resource.Name));
            }
        }

        return new(leases, null);
    }

    public LeaseSnapshot Snapshot(string tenant, string prefix, int partition) => state.Run(partition, step =>
    {
        var names = step.Place.Leases.Keys
            .Where(key => key.Tenant == tenant && key.Name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(key => key.Name).Order(StringComparer.Ordinal).ToArray();
        var leases = new List<Lease>();
        foreach (var name in names)
        {
            var resource = new ResourceKey(tenant, name, partition);
            if (step.Read(resource) is { } lease)
            {
                leases.Add(EmbeddedStep.Describe(resource, lease));
            }
        }

        return new LeaseSnapshot(leases, step.Place.Position);
    });

    public Outcome<IReadOnlyList<LeaseChange>> ReadChanges(int partition, long after, int count) => state.Run(partition, step =>
    {
        var place = step.Place;
        if (after > place.Position)
        {
            return (Outcome<IReadOnlyList<LeaseChange>>)Refusals.BeyondEnd(place.Position);
        }

        var skip = place.Changes.Count - (int)Math.Min(place.Changes.Count, place.Position - after);
        return after < place.Position - place.Changes.Count
            ? Refusals.CursorTrimmed()
            : place.Changes.Skip(skip).Take(count).ToArray();
    });

    public long[] ReadPositions() => [.. Enumerable.Range(0, ResourceKey.Partitions).Select(p => state.Run(p, step => step.Place.Position))];

    public SweepResult Sweep()
    {
        var (budget, expired, next) = (SweptPerCall, 0, LongestPause);
        for (var partition = 0; partition < ResourceKey.Partitions; partition++)
        {
            var left = budget;
            var (looked, ended, due) = state.Run(partition, step => Sweep(step, partition, left));
            budget -= looked;
            expired += ended;
            next = due < next ? due : next;
        }

        return new(expired, next);
    }

    private static (int Looked, int Ended, TimeSpan Next) Sweep(EmbeddedStep step, int partition, int budget)
    {
        step.Place.Forget(step.Now);
        var (looked, ended) = (0, 0);
        var due = step.Place.Due;
        while (looked < budget && due.TryPeek(out var grant, out var at) && at <= step.Now)
        {
            due.Dequeue();
            looked++;
            var key = (grant.Tenant, grant.Name);
            if (!step.Place.Leases.TryGetValue(key, out var stands) || stands.Token != grant.Token)
            {
                continue;
            }

            if (step.Read(new(grant.Tenant, grant.Name, partition)) is { } lease)
            {
                due.Enqueue(grant, lease.Deadline);
            }
            else
            {
                ended++;
            }
        }

        return (looked, ended, due.TryPeek(out _, out var next) ? EmbeddedStep.Span(Math.Max(0, next - step.Now)) : LongestPause);
    }
}
