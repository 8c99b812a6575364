using Coordinator.Leases;
using Coordinator.Records;

namespace Coordinator.Storage.Embedded;

/// <summary>What a guarded step asks for: the arguments of <c>step.lua</c>.</summary>
internal sealed record EmbeddedPlan
{
    /// <summary>Null for any.</summary>
    public long? Token { get; init; }

    public string? Connection { get; init; }

    public string? Holder { get; init; }

    public TimeSpan? Renew { get; init; }

    public TimeSpan? Grant { get; init; }

    public bool Take { get; init; }

    public string? Acknowledged { get; init; }

    public LeaseControl? Control { get; init; }

    public EventBatch? Batch { get; init; }

    public IReadOnlyList<FieldChange> Changes { get; init; } = [];

    /// <summary>There must be a record, and it must not be final.</summary>
    public bool WithRecord { get; init; }
}

/// <summary>The guarded step: the twin of <c>step.lua</c>.</summary>
internal static class EmbeddedGuard
{
    private static readonly Dictionary<string, string> NoLabels = [];

    public static Outcome<(EmbeddedLease Lease, StepResult Result)> Run(EmbeddedStep step, ResourceKey resource, EmbeddedPlan plan)
    {
        var lease = step.Read(resource);
        if (plan.WithRecord && EmbeddedRecords.RefuseUnlessOpen(step, resource, plan.Changes) is { } closed)
        {
            return closed;
        }

        // What asks to stop is not replaced by what asks for less.
        if (plan is { WithRecord: true, Control: not null } && EmbeddedRecords.Find(step, resource)!.Fields.ContainsKey(RecordFields.Cancel))
        {
            return Refusals.Final(resource, "cancelled");
        }

        var valid = lease is not null && (plan.Token is null || lease.Token == plan.Token)
            && (plan.Connection is null || lease.Connection == plan.Connection) && (plan.Holder is null || lease.Holder == plan.Holder);
        var taking = lease is not null && plan.Take;
        var granting = plan.Grant is not null && (taking || lease is null);
        valid &= !taking;
        if (!valid && !granting)
        {
            return plan.Token is { } token
                ? step.LostOrNone(resource, lease, token)
                : Refusals.NotHolder(resource, lease is null ? null : EmbeddedStep.Describe(resource, lease));
        }

        var last = valid ? lease!.Batch : 0;
        var sequence = plan.Batch is null ? 0 : plan.Batch.Sequence == EventBatch.Next ? last + 1 : plan.Batch.Sequence;
        if (sequence > last + 1)
        {
            return Refusals.Gap(last + 1);
        }

        if (sequence != 0 && sequence == last && plan.Batch!.Digest != lease!.Digest)
        {
            return Refusals.BatchMismatch();
        }

        if (taking)
        {
            step.Finish(resource, lease!, EndReason.Superseded);
        }

        if (granting)
        {
            lease = step.Grant(resource, plan.Holder!, "", EmbeddedStep.Microseconds(plan.Grant!.Value), NoLabels);
        }

        Renew(step, lease!, plan.Renew);
        Converse(step, resource, lease!, plan);
        if (sequence == 0 || sequence > last)
        {
            EmbeddedRecords.Apply(step, resource, plan.Changes);
        }

        var position = sequence == last + 1 ? Store(step, resource, lease!, sequence, plan.Batch!) : 0;
        return (lease!, new StepResult(EmbeddedStep.Instant(lease!.Deadline), lease.Batch, position));
    }

    private static void Renew(EmbeddedStep step, EmbeddedLease lease, TimeSpan? renew)
    {
        if (renew is { } span)
        {
            var ttl = EmbeddedStep.Microseconds(span);
            lease.Ttl = Math.Max(lease.Ttl, ttl);
            lease.Deadline = Math.Max(lease.Deadline, step.Now + ttl);
        }
    }

    private static void Converse(EmbeddedStep step, ResourceKey resource, EmbeddedLease lease, EmbeddedPlan plan)
    {
        if (plan.Acknowledged is { } id && lease.Control is { } asked && asked.Id == id)
        {
            lease.Control = null;
            if (asked.Kind == LeaseControl.Cancel)
            {
                EmbeddedRecords.Cancelled(step, resource);
            }
        }

        if (plan.Control is { } control)
        {
            lease.Control = control;
            step.Change(resource, lease, reason: null, control: true);
        }
    }

    private static long Store(EmbeddedStep step, ResourceKey resource, EmbeddedLease lease, long sequence, EventBatch batch)
    {
        if (resource.Kind == EmbeddedRecords.Run)
        {
            EmbeddedRecords.Apply(step, resource, [batch.Events.Any(entry => entry.Type == "ship_complete")
                ? FieldChange.Move("claimed,running,paused", "shipping")
                : FieldChange.Move("claimed", "running")]);
        }

        (lease.Batch, lease.Digest) = (sequence, batch.Digest);
        return batch.Events.Count > 0 ? EmbeddedLogs.Append(step, resource, lease, sequence, batch.Events) : 0;
    }
}
