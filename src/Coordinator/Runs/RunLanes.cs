using Coordinator.Leases;
using Coordinator.Records;

namespace Coordinator.Runs;

/// <summary>
/// The life of a run: queued in a lane, claimed by one worker at a time, reported on, given back. What a run has come to changes only
/// together with its lease, in one step of the store.
/// </summary>
internal sealed class RunLanes(IRecordStore records)
{
    /// <param name="fields">Of <see cref="RunFields"/>.</param>
    public ValueTask<Outcome<Record>> QueueAsync(
        string tenant, string lane, IReadOnlyDictionary<string, string> fields, string operationId, CancellationToken cancellation)
    {
        if ((LeaseRules.Id(lane, "lane_key") ?? OperationId(operationId)) is { } refusal)
        {
            return new(refusal);
        }

        var resource = RunRules.Resource(tenant, RunRules.MakeId(ResourceKey.PartitionOfLane(tenant, lane)));
        var arguments = fields.OrderBy(field => field.Key, StringComparer.Ordinal).SelectMany(field => new[] { field.Key, field.Value });
        var all = new Dictionary<string, string>(fields) { [RecordFields.State] = RunRules.Queued };
        return records.CreateAsync(new(resource, all, Operation(operationId, ["queue", .. arguments])) { Lane = lane }, cancellation);
    }

    public ValueTask<Outcome<Record>> GetAsync(string tenant, Guid id, CancellationToken cancellation) =>
        records.GetAsync(RunRules.Resource(tenant, id), cancellation);

    /// <summary>Claims one run that nobody holds.</summary>
    public ValueTask<Outcome<Record>> ClaimAsync(
        string tenant, Guid id, string worker, TimeSpan lease, string operationId, CancellationToken cancellation) =>
        (RunRules.Worker(worker) ?? OperationId(operationId)) is { } refusal
            ? new(refusal)
            : records.ClaimAsync(RunRules.Resource(tenant, id), new(worker, lease, Claiming(operationId, worker, lease)), cancellation);

    /// <summary>
    /// What the holder tells, in one step: the lease is renewed, phase and log line are applied, the events appended; or nothing at all.
    /// </summary>
    /// <param name="token">Only under this claim; null for whatever claim the worker holds.</param>
    /// <param name="sequence">Exactly once under this number; null for a report that is not numbered.</param>
    public async ValueTask<Outcome<(Record Record, StepResult Step)>> ReportAsync(
        string tenant, Guid id, string worker, long? token, TimeSpan lease, long? sequence, string? phase, string? logLine,
        IReadOnlyList<EventEntry> events, CancellationToken cancellation)
    {
        if ((RunRules.Worker(worker) ?? LeaseRules.Batch(sequence ?? 1, events, least: 0)) is { } refusal)
        {
            return refusal;
        }

        var changes = new List<FieldChange> { new(ChangeKind.Now, RecordFields.LastHeartbeat) };
        Set(changes, RunFields.Phase, phase);
        Set(changes, RunFields.LogLine, logLine);
        var step = new RecordStep(RunRules.Resource(tenant, id))
        {
            Token = token,
            Holder = worker,
            Renew = lease,
            Batch = new(sequence ?? EventBatch.Next, Digests.Of(Digests.Of(events), phase, logLine), events),
            Changes = changes,
        };
        var outcome = await records.StepAsync(step, cancellation).ConfigureAwait(false);
        return outcome.Refusal is { } late ? await WithHolderAsync(step.Resource, late, cancellation).ConfigureAwait(false) : outcome;
    }

    /// <summary>The holder gives the claim back and leaves the run in a state.</summary>
    public async ValueTask<Outcome<Record>> ReleaseAsync(
        string tenant, Guid id, string worker, long? token, string state, string operationId, CancellationToken cancellation)
    {
        if ((RunRules.Worker(worker) ?? OperationId(operationId)) is { } refusal)
        {
            return refusal;
        }

        var resource = RunRules.Resource(tenant, id);
        var operation = Operation(operationId, ["release", worker, state]);
        var outcome = await records.EndAsync(new(resource, token, worker, state, operation), cancellation).ConfigureAwait(false);
        return outcome.Refusal is { } late ? await WithHolderAsync(resource, late, cancellation).ConfigureAwait(false) : outcome;
    }

    /// <summary>Asks the holder to stop; a run that nobody holds has failed.</summary>
    public ValueTask<Outcome<Record>> CancelAsync(string tenant, Guid id, string reason, CancellationToken cancellation) =>
        LeaseRules.Reason(reason) is { } refusal
            ? new(refusal)
            : records.CancelAsync(RunRules.Resource(tenant, id), LeaseControl.Make(LeaseControl.Cancel, reason), cancellation);

    /// <summary>Asks the holder to hold on; the lease goes on.</summary>
    public ValueTask<Outcome<Record>> PauseAsync(string tenant, Guid id, CancellationToken cancellation) =>
        MoveAsync(tenant, id, [RunRules.Claimed, RunRules.Running], RunRules.Paused, LeaseControl.Pause, cancellation);

    /// <summary>Asks the holder to go on.</summary>
    public ValueTask<Outcome<Record>> ResumeAsync(string tenant, Guid id, CancellationToken cancellation) =>
        MoveAsync(tenant, id, [RunRules.Paused], RunRules.Running, LeaseControl.Resume, cancellation);

    // Looks first, then acts under the token it saw: a claim that began in between is not touched.
    private async ValueTask<Outcome<Record>> MoveAsync(
        string tenant, Guid id, string[] from, string to, string control, CancellationToken cancellation)
    {
        if (!(await GetAsync(tenant, id, cancellation).ConfigureAwait(false)).Try(out var record, out var refusal))
        {
            return refusal;
        }

        var state = record.Text(RecordFields.State)!;
        if (record.Lease is not { } lease)
        {
            return RecordFields.Final.Contains(state) ? Refusals.Final(record.Resource, state) : Refusals.NotHolder(record.Resource, null);
        }

        if (!from.Contains(state))
        {
            // What it is to come to it is already; or its work is over.
            return state == to || from[0] == RunRules.Paused ? record : Refusals.Final(record.Resource, state);
        }

        var step = new RecordStep(record.Resource)
        {
            Token = lease.Token,
            Changes = [FieldChange.Move(string.Join(',', from), to)],
            Control = LeaseControl.Make(control, ""),
        };
        var outcome = await records.StepAsync(step, cancellation).ConfigureAwait(false);
        return outcome.Try(out var done, out refusal) ? done.Record : refusal;
    }

    // Whose claim it is now: what the one that lost it wants to know.
    private async ValueTask<Refusal> WithHolderAsync(ResourceKey resource, Refusal refusal, CancellationToken cancellation) =>
        refusal.Kind == RefusalKind.LeaseLost
        && (await records.GetAsync(resource, cancellation).ConfigureAwait(false)).Value?.Lease is { } lease
            ? refusal with { Holder = lease.Holder, ExpiresAt = lease.ExpiresAt }
            : refusal;

    private static void Set(List<FieldChange> changes, string field, string? value)
    {
        if (value is not null)
        {
            changes.Add(new(ChangeKind.Set, field, value));
        }
    }

    internal static Operation? Claiming(string operationId, string worker, TimeSpan lease) =>
        Operation(operationId, ["claim", worker, lease.ToString()]);

    internal static Refusal? OperationId(string id) => id.Length == 0 ? null : LeaseRules.Id(id, "operation_id");

    private static Operation? Operation(string id, IEnumerable<string> arguments) => id.Length == 0 ? null : new(id, Digests.Of(arguments));
}
