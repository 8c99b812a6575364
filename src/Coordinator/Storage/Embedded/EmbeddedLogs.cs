using Coordinator.Events;
using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>Appends to a log within a guarded step.</summary>
internal static class EmbeddedLogs
{
    /// <summary>The position of the last event.</summary>
    public static long Append(EmbeddedStep step, ResourceKey resource, EmbeddedLease lease, long sequence, IReadOnlyList<EventEntry> events)
    {
        var log = Find(step, resource);
        if (log is null)
        {
            step.Place.Logs[(resource.Tenant, resource.Name)] = log = new();
        }

        foreach (var entry in events)
        {
            // The caller's buffer is its own again after the step.
            log.Events.Enqueue(new(
                ++log.Last, entry.Type, entry.Payload.ToArray(), lease.Token, lease.Holder, sequence, EmbeddedStep.Instant(step.Now)));
        }

        while (log.Events.Count > step.Retention.EventsPerLog)
        {
            log.Events.Dequeue();
        }

        log.GoneAt = step.Now + EmbeddedStep.Microseconds(step.Retention.LogAge);
        step.Grow(resource);
        return log.Last;
    }

    /// <summary>The log, or null; one that is past its age is dropped.</summary>
    public static EmbeddedLog? Find(EmbeddedStep step, ResourceKey resource)
    {
        var key = (resource.Tenant, resource.Name);
        if (step.Place.Logs.TryGetValue(key, out var log) && log.GoneAt <= step.Now)
        {
            step.Place.Logs.Remove(key);
            return null;
        }

        return log;
    }
}
