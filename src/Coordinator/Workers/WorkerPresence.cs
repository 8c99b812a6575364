using Coordinator.Credentials;
using Coordinator.Leases;
using Coordinator.Records;
using Microsoft.Extensions.Options;
using System.Globalization;
using System.Security.Cryptography;

namespace Coordinator.Workers;

/// <summary>What a worker tells of itself. Instants are milliseconds since 1970; absent is null.</summary>
internal sealed record Activity(bool IsActive, long? SentAt, long? LastActivityAt, long? OpenSessions);

/// <summary>Workers without a stream: registered, present for as long as they beat, forgotten.</summary>
internal sealed class WorkerPresence(IRecordStore records, CredentialIssuer issuer, IOptions<WorkerOptions> options, TimeProvider time)
{
    public const string Kind = "worker";
    private const string ActivityScope = "activity";

    /// <summary>A clock further ahead than this is wrong, and what it says counts as now.</summary>
    private static readonly TimeSpan MostAhead = TimeSpan.FromMinutes(5);

    /// <summary>A new worker, and the token with which it tells of its activity; null where this is a retry: a token is shown once.</summary>
    public async ValueTask<Outcome<(string Id, string? Token)>> RegisterAsync(string tenant, string operationId, CancellationToken cancellation)
    {
        if (operationId.Length > 0 && LeaseRules.Id(operationId, "operation_id") is { } refusal)
        {
            return refusal;
        }

        var partition = operationId.Length > 0 ? ResourceKey.PartitionOfOperation(tenant, operationId) : RandomNumberGenerator.GetInt32(ResourceKey.Partitions);
        var id = TypeIds.Make(ResourceKey.WorkerIdPrefix, time.GetUtcNow(), (byte)partition);
        var issuing = await issuer.IssueBoundAsync(CredentialKind.Worker, tenant, ActivityScope, id, null, null, cancellation).ConfigureAwait(false);
        if (!issuing.Try(out var issued, out var refused))
        {
            return refused;
        }

        var resource = Resource(tenant, id);
        var fields = new Dictionary<string, string> { [WorkerFields.Credential] = issued.Credential.Id };
        var operation = operationId.Length == 0 ? null : new Operation(operationId, "register");
        var outcome = await records.CreateAsync(new(resource, fields, operation), cancellation).ConfigureAwait(false);
        if (outcome.Value?.Resource == resource)
        {
            return (id, issued.Token);
        }

        await issuer.RevokeAsync(tenant, issued.Credential.Id, cancellation).ConfigureAwait(false);
        return outcome.Try(out var first, out refused) ? (first.Id, null) : refused;
    }

    public ValueTask<Outcome<Record>> GetAsync(string tenant, string id, CancellationToken cancellation) =>
        records.GetAsync(Resource(tenant, id), cancellation);

    /// <summary>Forgets it and revokes its token.</summary>
    public async ValueTask<Outcome<bool>> RemoveAsync(string tenant, string id, CancellationToken cancellation)
    {
        var outcome = await records.RemoveAsync(Resource(tenant, id), cancellation).ConfigureAwait(false);
        if (!outcome.Try(out var worker, out var refusal))
        {
            return refusal;
        }

        if (worker.Text(WorkerFields.Credential) is { } credential)
        {
            await issuer.RevokeAsync(tenant, credential, cancellation).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>In any order and any number of times: the instants of the record only grow. Renews the presence.</summary>
    public async ValueTask<Outcome<Record>> BeatAsync(string tenant, string id, Activity activity, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var heartbeatAt = NotAhead(activity.SentAt ?? now.ToUnixTimeMilliseconds(), now);
        var changes = new List<FieldChange>
        {
            new(ChangeKind.Max, WorkerFields.HeartbeatAt, Text(heartbeatAt)),
            new(ChangeKind.Set, WorkerFields.Active, activity.IsActive ? "1" : "0"),
            activity.OpenSessions is { } open ? new(ChangeKind.Set, WorkerFields.Sessions, Text(open)) : new(ChangeKind.Del, WorkerFields.Sessions),
        };
        if (activity.IsActive)
        {
            changes.Add(new(ChangeKind.Max, WorkerFields.ActiveAt, Text(NotAhead(activity.LastActivityAt ?? heartbeatAt, now))));
        }

        var ttl = options.Value.PresenceTtl;
        var step = new RecordStep(Resource(tenant, id)) { Holder = id, Grant = ttl, Renew = ttl, Changes = changes };
        var outcome = await records.StepAsync(step, cancellation).ConfigureAwait(false);
        return outcome.Try(out var done, out var refusal) ? done.Record : refusal;
    }

    private static ResourceKey Resource(string tenant, string id) => ResourceKey.Of(tenant, $"{ResourceKey.Worker}{id}");

    private static long NotAhead(long at, DateTimeOffset now) =>
        at > (now + MostAhead).ToUnixTimeMilliseconds() ? now.ToUnixTimeMilliseconds() : at;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
