using Coordinator.Credentials;
using Coordinator.Leases;
using Coordinator.Records;
using Microsoft.Extensions.Options;
using System.Globalization;

namespace Coordinator.Tunnels;

/// <summary>A tunnel that was made, and the token of its own: shown once.</summary>
internal sealed record MadeTunnel(Record Tunnel, string RuntimeToken);

/// <summary>
/// The life of a tunnel: made under a name that is its own, kept by heartbeats, stopped. When its lease ends the names are free in the
/// same step, and the log <see cref="CleanUpLog"/> says what is to be cleaned up outside.
/// </summary>
internal sealed class TunnelDesk(IRecordStore records, CredentialIssuer issuer, IOptions<TunnelOptions> options)
{
    /// <summary>The resource whose log tells of tunnels that ended.</summary>
    public const string CleanUpLog = "tunnel:clean-up";

    public const string Kind = "tunnel";
    private const string HeartbeatScope = "tunnels:heartbeat";
    /// <summary>A tunnel ends without anybody's call: its tokens are told so for as long as the tunnel is known, and then end by themselves.</summary>
    private static readonly TimeSpan TokenIdleLife = TimeSpan.FromDays(7);

    private const string Host = "host:";

    /// <param name="slug">Null for a random one.</param>
    /// <param name="operationId">A retry gets the first tunnel, under a further token.</param>
    public async ValueTask<Outcome<MadeTunnel>> CreateAsync(string tenant, string subject, int port, string? slug, string operationId, CancellationToken cancellation)
    {
        if ((slug is null ? null : TunnelRules.Slug(slug)) is { } bad)
        {
            return bad;
        }

        if (operationId.Length > 0 && LeaseRules.Id(operationId, "operation_id") is { } refusal)
        {
            return refusal;
        }

        var (name, id) = (slug ?? TunnelRules.RandomSlug(), Guid.NewGuid());
        var host = $"{name}.{options.Value.Domain.Replace("{account}", tenant, StringComparison.Ordinal)}";
        if (!(await IssueAsync(tenant, id.ToString(), cancellation).ConfigureAwait(false)).Try(out var issued, out var refused))
        {
            return refused;
        }

        var fields = new Dictionary<string, string>
        {
            [RecordFields.State] = TunnelRules.Active,
            [RecordFields.Slug] = name,
            [RecordFields.Hostname] = host,
            [TunnelFields.Owner] = subject,
            [TunnelFields.Port] = port.ToString(CultureInfo.InvariantCulture),
        };
        var create = new CreateRecord(Resource(tenant, id), fields, Operation(operationId, subject, port, slug))
        {
            Names = [$"slug:{name}", $"{Host}{host}"],
            MostActive = options.Value.MostActive,
            Lease = (subject, options.Value.LeaseTtl),
        };
        var outcome = await records.CreateAsync(create, cancellation).ConfigureAwait(false);
        if (outcome.Value is { } made && made.Resource == create.Resource)
        {
            return new MadeTunnel(made, issued.Token);
        }

        await issuer.RevokeAsync(tenant, issued.Credential.Id, cancellation).ConfigureAwait(false);
        return outcome.Try(out var first, out refused) ? await AgainAsync(first, cancellation).ConfigureAwait(false) : refused;
    }

    /// <summary>By its id or its hostname. Refuses with <see cref="RefusalKind.RecordNotFound"/>.</summary>
    public async ValueTask<Outcome<Record>> FindAsync(string tenant, string idOrHostname, CancellationToken cancellation)
    {
        var name = Uuids.TryRead(idOrHostname, out var id)
            ? Resource(tenant, id).Name
            : await records.FindAsync(ResourceKey.PartitionOfTunnels(tenant), tenant, Host + idOrHostname.ToLowerInvariant(), cancellation).ConfigureAwait(false);
        return name is null
            ? Refusals.Absent(ResourceKey.Of(tenant, ResourceKey.Tunnel + idOrHostname.ToLowerInvariant()))
            : await records.GetAsync(ResourceKey.Of(tenant, name), cancellation).ConfigureAwait(false);
    }

    /// <summary>Its lease lasts from now. Refuses with <see cref="RefusalKind.RecordNotFound"/> also where it is not the owner's.</summary>
    /// <param name="owner">Null for anybody's.</param>
    public ValueTask<Outcome<StepResult>> BeatAsync(ResourceKey tunnel, string? owner, CancellationToken cancellation)
    {
        var beat = new FieldChange(ChangeKind.Now, RecordFields.LastHeartbeat);
        var step = new RecordStep(tunnel)
        {
            Renew = options.Value.LeaseTtl,
            Changes = owner is null ? [beat] : [new(ChangeKind.Is, TunnelFields.Owner, owner), beat],
        };
        return records.TouchAsync(step, cancellation);
    }

    /// <summary>Appends to its log; the lease is not renewed by that.</summary>
    public ValueTask<Outcome<StepResult>> RecordAsync(ResourceKey tunnel, EventEntry telemetry, CancellationToken cancellation)
    {
        if (LeaseRules.Batch(1, [telemetry]) is { } refusal)
        {
            return new(refusal);
        }

        var step = new RecordStep(tunnel) { Batch = new(EventBatch.Next, Digests.Of([telemetry]), [telemetry]) };
        return records.TouchAsync(step, cancellation);
    }

    public ValueTask<Outcome<Record>> StopAsync(ResourceKey tunnel, CancellationToken cancellation) =>
        records.EndAsync(new(tunnel, null, null, TunnelRules.Stopped, null), cancellation);

    // Tokens are not kept, so the answer that was lost cannot be given again: this one holds another token.
    private async ValueTask<Outcome<MadeTunnel>> AgainAsync(Record first, CancellationToken cancellation) =>
        (await IssueAsync(first.Resource.Tenant, first.Id, cancellation).ConfigureAwait(false)).Try(out var issued, out var refused)
            ? new MadeTunnel(first, issued.Token)
            : refused;

    private ValueTask<Outcome<IssuedToken>> IssueAsync(string tenant, string id, CancellationToken cancellation) =>
        issuer.IssueBoundAsync(CredentialKind.Runtime, tenant, HeartbeatScope, ResourceKey.Tunnel + id, null, TokenIdleLife, cancellation);

    private static Operation? Operation(string id, string subject, int port, string? slug) =>
        id.Length == 0 ? null : new(id, Digests.Of("create", subject, port.ToString(CultureInfo.InvariantCulture), slug));

    public static ResourceKey Resource(string tenant, Guid id) => ResourceKey.Of(tenant, $"{ResourceKey.Tunnel}{id:D}");
}
