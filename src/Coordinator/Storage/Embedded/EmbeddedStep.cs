using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>What all rules share within one step: the twin of <c>prelude.lua</c>. A partition has one, which begins anew with each step.</summary>
internal sealed class EmbeddedStep(EmbeddedPartition place, int partition, StoreRetention retention)
{
    private const int EndedKept = 8;
    private List<ResourceKey>? _grown;

    /// <summary>The clock, read once for the step.</summary>
    public long Now { get; private set; }

    public EmbeddedPartition Place => place;

    public StoreRetention Retention => retention;

    /// <summary>Set by a step after which somebody who waits should look again, although no grant changed.</summary>
    public bool Woke { get; set; }

    public EmbeddedStep Begin(long now)
    {
        (Now, Woke, _grown) = (now, false, null);
        return this;
    }

    /// <summary>A log grew in this step.</summary>
    public void Grow(ResourceKey resource) => (_grown ??= []).Add(resource);

    /// <summary>The logs that grew.</summary>
    public IReadOnlyList<ResourceKey> TakeGrown() => _grown ?? (IReadOnlyList<ResourceKey>)[];

    /// <summary>The valid lease, or null; an overdue one is ended here, and a deadline from a clock that was set back is cut.</summary>
    public EmbeddedLease? Read(ResourceKey resource)
    {
        if (!place.Leases.TryGetValue((resource.Tenant, resource.Name), out var lease))
        {
            return null;
        }

        if (lease.Deadline <= Now)
        {
            Finish(resource, lease, EndReason.Expired);
            return null;
        }

        if (lease.Deadline > Now + lease.Ttl)
        {
            lease.Deadline = Now + lease.Ttl;
            place.Due.Enqueue((resource.Tenant, resource.Name, lease.Token), lease.Deadline);
        }

        return lease;
    }

    /// <summary>Ends a grant: the lease is gone, a late holder can learn why, watchers are told.</summary>
    public void Finish(ResourceKey resource, EmbeddedLease lease, EndReason reason)
    {
        var key = (resource.Tenant, resource.Name);
        place.Leases.Remove(key);
        if (!place.Ended.TryGetValue(key, out var ended) || ended.ForgottenAt <= Now)
        {
            place.Ended[key] = ended = new();
        }

        ended.Grants.AddFirst((lease.Token, reason, lease.Batch));
        while (ended.Grants.Count > EndedKept)
        {
            ended.Grants.RemoveLast();
        }

        ended.ForgottenAt = Math.Max(ended.ForgottenAt, Now + Math.Max((long)retention.EndedRecords.TotalMicroseconds, lease.Ttl));
        EmbeddedRecords.OnEnd(this, resource, lease, reason);
        Change(resource, lease, reason, control: false);
    }

    /// <summary>A grant of a free resource.</summary>
    public EmbeddedLease Grant(ResourceKey resource, string holder, string connection, long ttl, IReadOnlyDictionary<string, string> labels)
    {
        var token = Math.Max(place.Floor + 1, Now);
        place.Floor = token;
        var lease = new EmbeddedLease
        {
            Token = token,
            Holder = holder,
            Connection = connection,
            Acquired = Now,
            Deadline = Now + ttl,
            Ttl = ttl,
            Labels = labels,
        };
        place.Leases[(resource.Tenant, resource.Name)] = lease;
        place.Due.Enqueue((resource.Tenant, resource.Name, token), lease.Deadline);
        Change(resource, lease, reason: null, control: false);
        return lease;
    }

    public void Change(ResourceKey resource, EmbeddedLease lease, EndReason? reason, bool control)
    {
        place.Changes.Add(new(partition, ++place.Position, resource.Tenant, resource.Name, lease.Token, lease.Holder, reason, Instant(Now), control));
        if (place.Changes.Count > retention.ChangesPerPartition)
        {
            place.Changes.RemoveAt(0);
        }
    }

    /// <summary>What became of a token that is not the valid one.</summary>
    public LostLease Lost(ResourceKey resource, EmbeddedLease? lease, long token)
    {
        var current = lease?.Token ?? 0;
        if (current == token)
        {
            return new(EndReason.Superseded, current, lease!.Batch);
        }

        if (place.Ended.TryGetValue((resource.Tenant, resource.Name), out var ended) && ended.ForgottenAt > Now)
        {
            foreach (var grant in ended.Grants)
            {
                if (grant.Token == token)
                {
                    return new(grant.Reason, current, grant.Batch);
                }
            }
        }

        return new(EndReason.Forgotten, current, 0);
    }

    /// <summary>The same as a refusal; NOT_FOUND where this token cannot have been granted and nobody holds the resource.</summary>
    public Refusal LostOrNone(ResourceKey resource, EmbeddedLease? lease, long token)
    {
        var lost = Lost(resource, lease, token);
        return lease is null && lost.Reason == EndReason.Forgotten && token > place.Floor
            ? Refusals.NotFound(resource)
            : Refusals.Lost(resource, lost);
    }

    public static Lease Describe(ResourceKey resource, EmbeddedLease lease) => new(
        resource, lease.Token, lease.Holder, Span(lease.Ttl), Instant(lease.Deadline), Instant(lease.Acquired), lease.Batch, lease.Labels);

    public EmbeddedOperation? Operation(ResourceKey resource, Operation? operation) =>
        operation is not null && place.Operations.TryGetValue((resource.Tenant, resource.Name, operation.Id), out var seen) && seen.ForgottenAt > Now
            ? seen
            : null;

    public void Remember(ResourceKey resource, Operation? operation, long token, TimeSpan ttl)
    {
        if (operation is not null)
        {
            var life = Math.Max(60_000_000, Microseconds(ttl));
            place.Operations[(resource.Tenant, resource.Name, operation.Id)] = new(operation.Digest, token, Now + life);
        }
    }

    public static DateTimeOffset Instant(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    public static TimeSpan Span(long microseconds) => TimeSpan.FromTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    public static long Microseconds(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;
}
