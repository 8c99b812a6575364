using Coordinator.Leases;
using Coordinator.Records;
using System.Globalization;

namespace Coordinator.Storage.Embedded;

/// <summary>Grants what waits: the twin of <c>claim.lua</c>.</summary>
internal sealed class EmbeddedClaims(EmbeddedState state)
{
    private static readonly Dictionary<string, string> NoLabels = [];

    public Outcome<Record> ByName(ResourceKey resource, Claim claim) => state.Run(resource, step =>
    {
        // A name of its own is a room of its own.
        if (Again(step, resource, resource.Name, claim) is { } first)
        {
            return first;
        }

        var lease = step.Read(resource);
        return EmbeddedRecords.RefuseUnlessOpen(step, resource)
            ?? (lease is not null ? Refusals.NotHolder(resource, EmbeddedStep.Describe(resource, lease)) : Take(step, resource, resource.Name, claim));
    });

    public Outcome<Record?> Next(Lane lane, Claim claim) => state.Run<Outcome<Record?>>(lane.Partition, step =>
    {
        var resource = new ResourceKey(lane.Tenant, "", lane.Partition);
        if (Again(step, resource, lane.Key, claim) is { } first)
        {
            return first.Try(out var record, out var refusal) ? record : refusal;
        }

        var place = EmbeddedRecords.LaneOf(step, lane.Tenant, lane.Key);
        place.Waiters.RemoveAll(waiter => waiter.GoneAt <= step.Now);
        var at = place.Waiters.FindIndex(waiter => waiter.Id == claim.Waiter);
        if (place.Queue.Count <= (at < 0 ? place.Waiters.Count : at))
        {
            Wait(step, place, claim, at);
            return default;
        }

        if (at >= 0)
        {
            place.Waiters.RemoveAt(at);
        }

        return Take(step, resource with { Name = place.Queue.First().Value }, lane.Key, claim).Try(out var taken, out var refused) ? taken : refused;
    });

    public void Leave(Lane lane, string waiter) => state.Run(
        lane.Partition, step => EmbeddedRecords.LaneOf(step, lane.Tenant, lane.Key).Waiters.RemoveAll(other => other.Id == waiter));

    public static EmbeddedRoomOperation? Seen(EmbeddedStep step, string tenant, string room, Operation? operation) =>
        operation is not null && step.Place.RoomOperations.TryGetValue((tenant, room, operation.Id), out var seen) && seen.ForgottenAt > step.Now ? seen : null;

    public static void Remember(EmbeddedStep step, string tenant, string room, Operation? operation, string name, long token)
    {
        if (operation is not null)
        {
            step.Place.RoomOperations[(tenant, room, operation.Id)] =
                new(operation.Digest, name, token, step.Now + EmbeddedStep.Microseconds(LeaseBounds.MaxTtl));
        }
    }

    private static void Wait(EmbeddedStep step, EmbeddedLane place, Claim claim, int at)
    {
        if (claim.Waiter is not { } waiter)
        {
            return;
        }

        var entry = (waiter, step.Now + EmbeddedStep.Microseconds(Claim.PlaceKept));
        if (at < 0)
        {
            place.Waiters.Add(entry);
        }
        else
        {
            place.Waiters[at] = entry;
        }
    }

    // The caller of a retry counts from this retry.
    private static Outcome<Record>? Again(EmbeddedStep step, ResourceKey resource, string room, Claim claim)
    {
        if (Seen(step, resource.Tenant, room, claim.Operation) is not { } seen)
        {
            return null;
        }

        if (seen.Digest != claim.Operation!.Digest)
        {
            return (Outcome<Record>)Refusals.OperationMismatch();
        }

        var first = resource with { Name = seen.Name };
        var lease = step.Read(first);
        if (lease is null || lease.Token != seen.Token)
        {
            return (Outcome<Record>)Refusals.Lost(first, step.Lost(first, lease, seen.Token));
        }

        lease.Deadline = Math.Max(lease.Deadline, step.Now + EmbeddedStep.Microseconds(claim.Ttl));
        return (Outcome<Record>)EmbeddedRecords.View(step, first, lease);
    }

    private static Outcome<Record> Take(EmbeddedStep step, ResourceKey resource, string room, Claim claim)
    {
        var fields = EmbeddedRecords.Find(step, resource)!.Fields;
        EmbeddedRecords.LaneOf(step, resource.Tenant, fields[RecordFields.Lane]).Queue
            .Remove(long.Parse(fields[RecordFields.Created], CultureInfo.InvariantCulture));
        var lease = step.Grant(resource, claim.Holder, "", EmbeddedStep.Microseconds(claim.Ttl), NoLabels);
        EmbeddedRecords.Apply(step, resource,
        [
            new(ChangeKind.Set, RecordFields.State, "claimed"), new(ChangeKind.Set, RecordFields.WorkerId, claim.Holder),
            new(ChangeKind.Now, RecordFields.ClaimedAt), new(ChangeKind.Del, RecordFields.LastHeartbeat),
        ]);
        Remember(step, resource.Tenant, room, claim.Operation, resource.Name, lease.Token);
        return EmbeddedRecords.View(step, resource, lease);
    }
}
