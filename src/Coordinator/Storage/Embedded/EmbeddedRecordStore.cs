using Coordinator.Leases;
using Coordinator.Records;
using System.Globalization;

namespace Coordinator.Storage.Embedded;

/// <summary>Records in this process: each method is the C# twin of one Redis script, held to it by the contract tests.</summary>
internal sealed class EmbeddedRecordStore(EmbeddedState state) : IRecordStore
{
    private readonly EmbeddedClaims _claims = new(state);

    public ValueTask<Outcome<Record>> CreateAsync(CreateRecord command, CancellationToken cancellation) => new(state.Run(command.Resource, step =>
    {
        var (tenant, room) = (command.Resource.Tenant, command.Lane ?? command.Resource.Kind);
        if (EmbeddedClaims.Seen(step, tenant, room, command.Operation) is { } seen)
        {
            var first = command.Resource with { Name = seen.Name };
            return seen.Digest == command.Operation!.Digest ? EmbeddedRecords.View(step, first, step.Read(first)) : (Outcome<Record>)Refusals.OperationMismatch();
        }

        if (RefuseNew(step, command) is { } refusal)
        {
            return refusal;
        }

        // An order without ties.
        var created = step.Place.Created = Math.Max(step.Now, step.Place.Created + 1);
        var record = new EmbeddedRecord { Active = command.MostActive > 0 };
        record.Fields[RecordFields.Created] = EmbeddedRecords.Number(created);
        foreach (var (field, value) in command.Fields)
        {
            record.Fields[field] = value;
        }

        step.Place.Records[(tenant, command.Resource.Name)] = record;
        foreach (var name in command.Names)
        {
            step.Place.Names[(tenant, name)] = command.Resource.Name;
        }

        var lease = command.Lease is { } granted
            ? step.Grant(command.Resource, granted.Holder, "", EmbeddedStep.Microseconds(granted.Ttl), new Dictionary<string, string>())
            : null;
        if (command.Lane is { } lane)
        {
            record.Fields[RecordFields.Lane] = lane;
            EmbeddedRecords.LaneOf(step, tenant, lane).Queue[created] = command.Resource.Name;
            step.Woke = true;
        }

        EmbeddedClaims.Remember(step, tenant, room, command.Operation, command.Resource.Name, 0);
        return EmbeddedRecords.View(step, command.Resource, lease);
    }));

    public ValueTask<Outcome<Record>> GetAsync(ResourceKey resource, CancellationToken cancellation) => new(state.Run(resource, step =>
    {
        var lease = step.Read(resource);
        return EmbeddedRecords.Find(step, resource) is null ? Refusals.Absent(resource) : (Outcome<Record>)EmbeddedRecords.View(step, resource, lease);
    }));

    public ValueTask<Outcome<Record>> RemoveAsync(ResourceKey resource, CancellationToken cancellation) => new(state.Run(resource, step =>
    {
        var lease = step.Read(resource);
        if (EmbeddedRecords.Find(step, resource) is null)
        {
            return (Outcome<Record>)Refusals.Absent(resource);
        }

        var known = EmbeddedRecords.View(step, resource, lease);
        if (lease is not null)
        {
            step.Finish(resource, lease, EndReason.Revoked);
        }

        step.Place.Records.Remove((resource.Tenant, resource.Name));
        return known;
    }));

    public ValueTask<Outcome<(Record Record, StepResult Step)>> StepAsync(RecordStep step, CancellationToken cancellation) => new(state.Run(step.Resource, s =>
        Run(s, step).Try(out var done, out var refusal)
            ? (EmbeddedRecords.View(s, step.Resource, done.Lease), done.Result)
            : (Outcome<(Record, StepResult)>)refusal));

    public ValueTask<Outcome<StepResult>> TouchAsync(RecordStep step, CancellationToken cancellation) => new(state.Run(step.Resource, s =>
        Run(s, step).Try(out var done, out var refusal) ? done.Result : (Outcome<StepResult>)refusal));

    public ValueTask<Outcome<Record>> EndAsync(EndRecord command, CancellationToken cancellation) => new(state.Run(command.Resource, step =>
    {
        var resource = command.Resource;
        if (step.Operation(resource, command.Operation) is { } seen)
        {
            return seen.Digest == command.Operation!.Digest
                ? EmbeddedRecords.View(step, resource, step.Read(resource))
                : (Outcome<Record>)Refusals.OperationMismatch();
        }

        var lease = step.Read(resource);
        if (EmbeddedRecords.RefuseUnlessOpen(step, resource) is { } closed)
        {
            return closed;
        }

        if (lease is null || (command.Token is { } token && lease.Token != token) || (command.Holder is { } holder && lease.Holder != holder))
        {
            return command.Token is { } late
                ? step.LostOrNone(resource, lease, late)
                : Refusals.NotHolder(resource, lease is null ? null : EmbeddedStep.Describe(resource, lease));
        }

        // Who was asked to stop has stopped, whatever it says.
        var record = EmbeddedRecords.Find(step, resource)!;
        EmbeddedRecords.SetState(step, record, record.Fields.ContainsKey(RecordFields.Cancel) ? "failed" : command.State);
        step.Finish(resource, lease, command.Reason);
        step.Remember(resource, command.Operation, lease.Token, LeaseBounds.MaxTtl);
        return EmbeddedRecords.View(step, resource, null);
    }));

    public ValueTask<Outcome<Record>> ClaimAsync(ResourceKey resource, Claim claim, CancellationToken cancellation) => new(_claims.ByName(resource, claim));

    public ValueTask<Outcome<Record?>> ClaimNextAsync(Lane lane, Claim claim, CancellationToken cancellation) => new(_claims.Next(lane, claim));

    public ValueTask LeaveAsync(Lane lane, string waiter, CancellationToken cancellation)
    {
        _claims.Leave(lane, waiter);
        return ValueTask.CompletedTask;
    }

    public ValueTask<Outcome<Record>> CancelAsync(ResourceKey resource, LeaseControl control, CancellationToken cancellation) => new(state.Run(resource, step =>
    {
        var lease = step.Read(resource);
        if (EmbeddedRecords.RefuseUnlessOpen(step, resource) is { } closed)
        {
            return (Outcome<Record>)closed;
        }

        var record = EmbeddedRecords.Find(step, resource)!;
        if (lease is not null)
        {
            record.Fields[RecordFields.Cancel] = "1";
            lease.Control = control;
            step.Change(resource, lease, reason: null, control: true);
        }
        else
        {
            EmbeddedRecords.LaneOf(step, resource.Tenant, record.Fields[RecordFields.Lane]).Queue.Remove(Created(record));
            EmbeddedRecords.SetState(step, record, "failed");
        }

        return EmbeddedRecords.View(step, resource, lease);
    }));

    public ValueTask<string?> FindAsync(int partition, string tenant, string name, CancellationToken cancellation) =>
        new(state.Run(partition, step => step.Place.Names.GetValueOrDefault((tenant, name))));

    public ValueTask<RecordPage> ListAsync(int partition, string tenant, string kind, long after, int count, CancellationToken cancellation) =>
        new(state.Run(partition, step =>
        {
            var found = step.Place.Records
                .Where(entry => entry.Key.Tenant == tenant && entry.Key.Name.StartsWith($"{kind}:", StringComparison.Ordinal) && Created(entry.Value) > after)
                .OrderBy(entry => Created(entry.Value)).Take(count).ToArray();
            var records = new List<Record>();
            foreach (var (key, record) in found)
            {
                var resource = new ResourceKey(tenant, key.Name, partition);
                var lease = step.Read(resource);
                if (EmbeddedRecords.Find(step, resource) is not null)
                {
                    records.Add(EmbeddedRecords.View(step, resource, lease));
                }
            }

            return new RecordPage(records, found.Length == count ? Created(found[^1].Value) : null);
        }));

    private static Refusal? RefuseNew(EmbeddedStep step, CreateRecord command)
    {
        var tenant = command.Resource.Tenant;
        var prefix = $"{command.Resource.Kind}:";
        var active = 0;
        if (command.MostActive > 0)
        {
            // Those that are overdue end here, and neither count nor keep their names.
            foreach (var (key, record) in step.Place.Records.Where(entry => entry.Value.Active && entry.Key.Tenant == tenant
                && entry.Key.Name.StartsWith(prefix, StringComparison.Ordinal)).ToArray())
            {
                step.Read(command.Resource with { Name = key.Name });
                active += record.Active ? 1 : 0;
            }
        }

        return command.Names.FirstOrDefault(name => step.Place.Names.ContainsKey((tenant, name))) is { } taken ? Refusals.NameTaken(taken)
            : command.MostActive > 0 && active >= command.MostActive ? Refusals.TooManyActive(active, command.MostActive)
            : null;
    }

    private static long Created(EmbeddedRecord record) => long.Parse(record.Fields[RecordFields.Created], CultureInfo.InvariantCulture);

    private static Outcome<(EmbeddedLease Lease, StepResult Result)> Run(EmbeddedStep at, RecordStep step) => EmbeddedGuard.Run(at, step.Resource, new()
    {
        WithRecord = true,
        Token = step.Token,
        Holder = step.Holder,
        Grant = step.Grant,
        Take = step.Take,
        Renew = step.Renew,
        Batch = step.Batch,
        Changes = step.Changes,
        Control = step.Control,
    });
}
