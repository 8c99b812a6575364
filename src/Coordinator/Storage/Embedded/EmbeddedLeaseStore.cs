using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>Leases in this process: each method is the C# twin of one Redis script, held to it by the contract tests.</summary>
internal sealed class EmbeddedLeaseStore(EmbeddedState state) : ILeaseStore
{
    private readonly EmbeddedLeaseReader _reader = new(state);

    public ValueTask<Outcome<Lease>> AcquireAsync(AcquireCommand command, CancellationToken cancellation) => new(state.Run(command.Resource, step =>
    {
        var resource = command.Resource;
        var lease = step.Read(resource);
        if (step.Operation(resource, command.Operation) is { } seen)
        {
            return Again(step, command, lease, seen);
        }

        if (lease is not null)
        {
            return (Outcome<Lease>)Refusals.Held(EmbeddedStep.Describe(resource, lease));
        }

        lease = step.Grant(resource, command.Holder, command.Connection, EmbeddedStep.Microseconds(command.Ttl), command.Labels);
        step.Remember(resource, command.Operation, lease.Token, command.Ttl);
        return EmbeddedStep.Describe(resource, lease);
    }));

    public ValueTask RenewAsync(Guard guard, ReadOnlyMemory<Renewal> renewals, Memory<RenewalResult> results, CancellationToken cancellation)
    {
        for (var i = 0; i < renewals.Length; i++)
        {
            var renewal = renewals.Span[i];
            results.Span[i] = state.Run(renewal.Resource.Partition, (guard, renewal), static (step, asked) => Renew(step, asked.guard, asked.renewal));
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<Outcome<StepResult>> StepAsync(GuardedStep command, CancellationToken cancellation) => new(state.Run(command.Resource, step =>
        EmbeddedGuard.Run(step, command.Resource, new()
        {
            Token = command.Token,
            Connection = command.Connection,
            Renew = command.Renew,
            Acknowledged = command.AcknowledgedControl,
            Control = command.Control,
            Batch = command.Batch,
        }).Try(out var done, out var refusal) ? done.Result : (Outcome<StepResult>)refusal));

    public ValueTask<Outcome<bool>> EndAsync(EndCommand command, CancellationToken cancellation) => new(state.Run(command.Resource, step =>
    {
        if (step.Operation(command.Resource, command.Operation) is { } seen)
        {
            return seen.Digest == command.Operation!.Digest ? true : (Outcome<bool>)Refusals.OperationMismatch();
        }

        var lease = step.Read(command.Resource);
        if (lease is not null && lease.Token == command.Token)
        {
            step.Finish(command.Resource, lease, command.Reason);
        }
        else if (step.LostOrNone(command.Resource, lease, command.Token) is var refusal && refusal.Lost?.Reason != command.Reason)
        {
            return refusal;
        }

        step.Remember(command.Resource, command.Operation, command.Token, LeaseBounds.MaxTtl);
        return true;
    }));

    public ValueTask<Outcome<Lease>> GetAsync(ResourceKey resource, CancellationToken cancellation) => new(state.Run(resource, step =>
        step.Read(resource) is { } lease ? EmbeddedStep.Describe(resource, lease) : (Outcome<Lease>)Refusals.NotFound(resource)));

    public ValueTask<RenewalResult> CheckAsync(ResourceKey resource, long token, CancellationToken cancellation) => new(state.Run(resource, step =>
    {
        var lease = step.Read(resource);
        return lease is not null && lease.Token == token
            ? new RenewalResult(EmbeddedStep.Span(lease.Deadline - step.Now), EmbeddedStep.Span(lease.Ttl), lease.Batch, lease.Control, null)
            : new(default, default, 0, null, step.Lost(resource, lease, token));
    }));

    public ValueTask<LeasePage> ListAsync(string tenant, string prefix, ListPosition from, int count, CancellationToken cancellation) =>
        new(_reader.List(tenant, prefix, from, count));

    public ValueTask<LeaseSnapshot> SnapshotAsync(string tenant, string prefix, int partition, CancellationToken cancellation) =>
        new(_reader.Snapshot(tenant, prefix, partition));

    public ValueTask<Outcome<IReadOnlyList<LeaseChange>>> ReadChangesAsync(int partition, long after, int count, CancellationToken cancellation) =>
        new(_reader.ReadChanges(partition, after, count));

    public ValueTask<long[]> ReadPositionsAsync(CancellationToken cancellation) => new(_reader.ReadPositions());

    public IDisposable OnChanged(Action<int> changed)
    {
        state.Changed += changed;
        return new Subscription(() => state.Changed -= changed);
    }

    public ValueTask<SweepResult> SweepAsync(CancellationToken cancellation) => new(_reader.Sweep());

    // The caller counts its TTL from this retry, so the retry renews; and it is on this connection now.
    private static Outcome<Lease> Again(EmbeddedStep step, AcquireCommand command, EmbeddedLease? lease, EmbeddedOperation seen)
    {
        if (seen.Digest != command.Operation!.Digest)
        {
            return Refusals.OperationMismatch();
        }

        if (lease is null || lease.Token != seen.Token)
        {
            return Refusals.Lost(command.Resource, step.Lost(command.Resource, lease, seen.Token));
        }

        lease.Connection = command.Connection;
        lease.Deadline = step.Now + lease.Ttl;
        return EmbeddedStep.Describe(command.Resource, lease);
    }

    private static RenewalResult Renew(EmbeddedStep step, Guard guard, Renewal renewal)
    {
        var lease = step.Read(renewal.Resource);
        var valid = lease is not null && lease.Token == renewal.Token && guard switch
        {
            Guard.Connection => lease.Connection == renewal.Connection,
            Guard.Resume => lease.Holder == renewal.Holder,
            _ => true,
        };
        if (!valid)
        {
            return new(default, default, 0, null, step.Lost(renewal.Resource, lease, renewal.Token));
        }

        if (guard == Guard.Resume)
        {
            lease!.Connection = renewal.Connection;
        }

        lease!.Deadline = step.Now + lease.Ttl;
        var ttl = EmbeddedStep.Span(lease.Ttl);
        return new(ttl, ttl, guard == Guard.Connection ? 0 : lease.Batch, lease.Control, null);
    }
}
