using System.Globalization;

namespace Coordinator.Leases;

/// <summary>
/// The rules of a lease: what may be asked, by whom, and what it means. The place where a reader starts; what must be decided
/// atomically is decided behind <see cref="ILeaseStore"/>, in one script with one twin in the embedded store.
/// </summary>
internal sealed class Lessor(ILeaseStore store)
{
    /// <summary>Takes a free resource for a holder.</summary>
    /// <param name="connection">The stream that will renew it; empty for a lease without one.</param>
    /// <param name="operationId">A retry with the same id gets the first answer; empty for none.</param>
    public async ValueTask<Outcome<Lease>> AcquireAsync(
        string tenant, string resource, string holder, TimeSpan ttl, string operationId, string connection,
        IReadOnlyDictionary<string, string> labels, CancellationToken cancellation)
    {
        if ((LeaseRules.NativeResource(resource) ?? LeaseRules.Id(holder, "holder") ?? LeaseRules.Ttl(ttl)
            ?? OperationId(operationId) ?? LeaseRules.Labels(labels)) is { } refusal)
        {
            return refusal;
        }

        var operation = Operation(operationId, "acquire", holder, Milliseconds(ttl));
        return await store.AcquireAsync(
            new(ResourceKey.Of(tenant, resource), holder, connection, ttl, labels, operation), cancellation).ConfigureAwait(false);
    }

    /// <summary>Renews leases by their tokens alone, at most <see cref="LeaseBounds.MaxRenewalsPerRequest"/>; results are in the order of the leases.</summary>
    public async ValueTask<Outcome<RenewalResult[]>> RenewAsync(
        string tenant, IReadOnlyList<(string Resource, long Token)> leases, CancellationToken cancellation)
    {
        if (leases.Count is 0 or > LeaseBounds.MaxRenewalsPerRequest)
        {
            return Refusal.Invalid("leases", $"must be 1 to {LeaseBounds.MaxRenewalsPerRequest} leases, not {leases.Count}");
        }

        if (leases.Select(Ref).FirstOrDefault(r => r is not null) is { } refusal)
        {
            return refusal;
        }

        return await RenewAsync(Guard.Token, [.. leases.Select(l => new Renewal(ResourceKey.Of(tenant, l.Resource), l.Token))], cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>Renews any number of leases under one guard, in as many calls as the store's bound asks for.</summary>
    public async ValueTask<RenewalResult[]> RenewAsync(Guard guard, Renewal[] renewals, CancellationToken cancellation)
    {
        var results = new RenewalResult[renewals.Length];
        for (var at = 0; at < renewals.Length; at += ILeaseStore.MaxRenewalsPerCall)
        {
            var count = Math.Min(ILeaseStore.MaxRenewalsPerCall, renewals.Length - at);
            await store.RenewAsync(guard, renewals.AsMemory(at, count), results.AsMemory(at, count), cancellation).ConfigureAwait(false);
        }

        return results;
    }

    /// <summary>Moves a lease that the holder has already onto a connection, and renews it.</summary>
    public async ValueTask<Outcome<(Lease Lease, LeaseControl? Control)>> AdoptAsync(
        string tenant, string resource, long token, string holder, string connection, CancellationToken cancellation)
    {
        if (Ref((resource, token)) is { } refusal)
        {
            return refusal;
        }

        var key = ResourceKey.Of(tenant, resource);
        var result = (await RenewAsync(Guard.Resume, [new(key, token, connection, holder)], cancellation).ConfigureAwait(false))[0];
        if (result.Lost is { } lost)
        {
            return Refusals.Lost(key, lost);
        }

        if (!(await store.GetAsync(key, cancellation).ConfigureAwait(false)).Try(out var lease, out var gone))
        {
            return gone;
        }

        return lease.Token == token ? (lease, result.Control) : Refusals.Lost(key, new(EndReason.Forgotten, lease.Token, 0));
    }

    /// <summary>The holder gives the lease back.</summary>
    public ValueTask<Outcome<bool>> ReleaseAsync(string tenant, string resource, long token, string operationId, CancellationToken cancellation) =>
        EndAsync(tenant, resource, token, EndReason.Released, operationId, cancellation);

    /// <summary>Somebody else ends the lease, naming the token that was seen.</summary>
    public ValueTask<Outcome<bool>> RevokeAsync(string tenant, string resource, long token, string operationId, CancellationToken cancellation) =>
        EndAsync(tenant, resource, token, EndReason.Revoked, operationId, cancellation);

    /// <summary>Asks the holder to stop; repeated with every renewal until acknowledged.</summary>
    public async ValueTask<Outcome<LeaseControl>> CancelAsync(
        string tenant, string resource, long token, string reason, CancellationToken cancellation)
    {
        if ((Ref((resource, token)) ?? LeaseRules.Reason(reason)) is { } refusal)
        {
            return refusal;
        }

        var control = LeaseControl.Make(LeaseControl.Cancel, reason);
        var step = new GuardedStep(ResourceKey.Of(tenant, resource), token) { Control = control };
        return (await store.StepAsync(step, cancellation).ConfigureAwait(false)).Try(out _, out var refused) ? control : refused;
    }

    /// <summary>What the holder is asked to do at this instant; null for nothing, or where the token is not the valid one.</summary>
    public async ValueTask<LeaseControl?> FindControlAsync(ResourceKey resource, long token, CancellationToken cancellation) =>
        (await store.CheckAsync(resource, token, cancellation).ConfigureAwait(false)).Control;

    /// <summary>The holder has seen a request; it is not repeated.</summary>
    public ValueTask<Outcome<StepResult>> AcknowledgeAsync(ResourceKey resource, long token, string controlId, CancellationToken cancellation) =>
        store.StepAsync(new(resource, token) { AcknowledgedControl = controlId }, cancellation);

    /// <summary>Appends one batch to the resource's log, all or nothing.</summary>
    /// <param name="connection">The connection the lease must be on; null for any.</param>
    public async ValueTask<Outcome<StepResult>> AppendAsync(
        string tenant, string resource, long token, string? connection, long sequence, IReadOnlyList<EventEntry> events, CancellationToken cancellation)
    {
        if ((Ref((resource, token)) ?? LeaseRules.Batch(sequence, events)) is { } refusal)
        {
            return refusal;
        }

        var step = new GuardedStep(ResourceKey.Of(tenant, resource), token)
        {
            Connection = connection,
            Batch = new(sequence, Digests.Of(events), events),
        };
        return await store.StepAsync(step, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<Outcome<Lease>> GetAsync(string tenant, string resource, CancellationToken cancellation) =>
        LeaseRules.Resource(resource) is { } refusal
            ? refusal
            : await store.GetAsync(ResourceKey.Of(tenant, resource), cancellation).ConfigureAwait(false);

    /// <summary>Whether a token is the valid one at this instant: <see cref="RenewalResult.Lost"/> is null where it is.</summary>
    public async ValueTask<Outcome<RenewalResult>> CheckAsync(string tenant, string resource, long token, CancellationToken cancellation) =>
        Ref((resource, token)) is { } refusal
            ? refusal
            : await store.CheckAsync(ResourceKey.Of(tenant, resource), token, cancellation).ConfigureAwait(false);

    /// <summary>A page of the tenant's leases under a prefix; 0 asks for <see cref="LeaseBounds.DefaultPageSize"/>.</summary>
    public async ValueTask<Outcome<LeasePage>> ListAsync(
        string tenant, string prefix, ListPosition from, int pageSize, CancellationToken cancellation)
    {
        if (LeaseRules.Prefix(prefix) is { } refusal)
        {
            return refusal;
        }

        return pageSize is < 0 or > LeaseBounds.MaxPageSize
            ? Refusal.Invalid("page_size", $"must be 0 to {LeaseBounds.MaxPageSize}, not {pageSize}")
            : await store.ListAsync(tenant, prefix, from, pageSize == 0 ? LeaseBounds.DefaultPageSize : pageSize, cancellation).ConfigureAwait(false);
    }

    private async ValueTask<Outcome<bool>> EndAsync(
        string tenant, string resource, long token, EndReason reason, string operationId, CancellationToken cancellation)
    {
        if ((Ref((resource, token)) ?? OperationId(operationId)) is { } refusal)
        {
            return refusal;
        }

        var operation = Operation(operationId, reason.ToString(), token.ToString(CultureInfo.InvariantCulture));
        return await store.EndAsync(new(ResourceKey.Of(tenant, resource), token, reason, operation), cancellation).ConfigureAwait(false);
    }

    private static Refusal? Ref((string Resource, long Token) lease) => LeaseRules.Resource(lease.Resource) ?? LeaseRules.Token(lease.Token);

    private static Refusal? OperationId(string id) => id.Length == 0 ? null : LeaseRules.Id(id, "operation_id");

    private static Operation? Operation(string id, params string[] arguments) => id.Length == 0 ? null : new(id, string.Join('|', arguments));

    private static string Milliseconds(TimeSpan ttl) => ttl.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
}
