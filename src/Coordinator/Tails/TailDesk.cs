using Coordinator.Leases;
using Coordinator.Records;
using Microsoft.Extensions.Options;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Tails;

/// <summary>The life of tails: started, listed, deleted, kept. A tail is a lease; what it follows is in its record.</summary>
internal sealed class TailDesk(IRecordStore records, Scripts scripts, IOptions<TailOptions> options)
{
    public const string LiveKind = "live";
    private const string Ended = "stopped";

    /// <summary>Refuses with <see cref="RefusalKind.RecordNotFound"/> (no such script), <see cref="RefusalKind.TooManyActive"/> or a bad filter.</summary>
    public async ValueTask<Outcome<(TailKey Key, Record Tail)>> StartAsync(
        string tenant, string subject, string script, string? filters, string clientIp, CancellationToken cancellation)
    {
        if (Compile(filters, clientIp).Refusal is { } bad)
        {
            return bad;
        }

        if (!options.Value.AheadOfWorkers && !await scripts.ExistsAsync(tenant, script, cancellation).ConfigureAwait(false))
        {
            return new Refusal(RefusalKind.RecordNotFound, "No worker of the account has named this script");
        }

        var fields = new Dictionary<string, string> { [TailFields.Script] = script, [TailFields.ClientIp] = clientIp };
        return await MakeAsync(TailKey.Make(tenant, script), subject, fields, filters, options.Value.MostPerScript, options.Value.Life, cancellation).ConfigureAwait(false);
    }

    /// <summary>The tails of a script, newest first.</summary>
    public async ValueTask<IReadOnlyList<Record>> ListAsync(string tenant, string script, CancellationToken cancellation) =>
        [.. (await AllAsync(tenant, TailKey.KindOfScript(script), cancellation).ConfigureAwait(false)).Reverse()];

    /// <summary>The live tails of an account, oldest first.</summary>
    public ValueTask<IReadOnlyList<Record>> ListLiveAsync(string tenant, CancellationToken cancellation) => AllAsync(tenant, LiveKind, cancellation);

    public ValueTask<Outcome<Record>> DeleteAsync(string tenant, string script, string id, CancellationToken cancellation) =>
        records.EndAsync(new(TailKey.ResourceOf(tenant, script, id), null, null, Ended, null), cancellation);

    /// <summary>Its life is over, though a reader keeps it.</summary>
    /// <param name="token">Only under this lease.</param>
    public ValueTask<Outcome<Record>> ExpireAsync(ResourceKey tail, long token, CancellationToken cancellation) =>
        records.EndAsync(new(tail, token, null, Ended, null) { Reason = EndReason.Expired }, cancellation);

    /// <param name="script">Null for all of the account's.</param>
    public async ValueTask<Outcome<(TailKey Key, Record Tail)>> OpenLiveAsync(
        string tenant, string subject, string? script, string? filters, string combination, CancellationToken cancellation)
    {
        if (CompileLive(filters, combination).Refusal is { } bad)
        {
            return bad;
        }

        var fields = new Dictionary<string, string> { [TailFields.Subject] = subject, [TailFields.Combination] = combination };
        if (script is not null)
        {
            fields[TailFields.Script] = script;
        }

        return await MakeAsync(TailKey.Make(tenant, null), subject, fields, filters, options.Value.MostLive, options.Value.LiveTtl, cancellation).ConfigureAwait(false);
    }

    /// <summary>Renews the subject's live tails, of one script or of all; gives when the first of them now expires, or null for none.</summary>
    public async ValueTask<DateTimeOffset?> BeatAsync(string tenant, string subject, string? script, CancellationToken cancellation)
    {
        DateTimeOffset? first = null;
        foreach (var tail in await ListLiveAsync(tenant, cancellation).ConfigureAwait(false))
        {
            if (tail.Text(TailFields.Subject) != subject || (script is not null && tail.Text(TailFields.Script) is { } other && other != script))
            {
                continue;
            }

            var outcome = await records.TouchAsync(new(tail.Resource) { Renew = options.Value.LiveTtl }, cancellation).ConfigureAwait(false);
            if (outcome.Try(out var beaten, out _) && (first is null || beaten.ExpiresAt < first))
            {
                first = beaten.ExpiresAt;
            }
        }

        return first;
    }

    public ValueTask<Outcome<Record>> GetAsync(ResourceKey tail, CancellationToken cancellation) => records.GetAsync(tail, cancellation);

    /// <summary>What a capability opens, or null.</summary>
    public async ValueTask<Record?> FindAsync(TailKey key, CancellationToken cancellation) =>
        (await records.GetAsync(key.Resource, cancellation).ConfigureAwait(false)).Value is { Lease: not null } tail
        && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(tail.Text(TailFields.Secret)!), Encoding.ASCII.GetBytes(key.SecretHash))
            ? tail
            : null;

    /// <summary>
    /// A reader takes a tail: whoever read it until now does so no longer. A script's tail lives from then on as long as its reader, and a
    /// little longer; a live tail goes on as long as it is renewed.
    /// </summary>
    public async ValueTask<Outcome<Record>> TakeAsync(Record tail, string reader, CancellationToken cancellation)
    {
        var step = IsLive(tail)
            ? new RecordStep(tail.Resource)
            {
                Token = tail.Lease!.Token,
                Changes = [new(ChangeKind.Set, TailFields.Reader, reader)],
                Control = LeaseControl.Make(TailFields.Reader, ""),
            }
            : new RecordStep(tail.Resource) { Holder = reader, Grant = options.Value.ReaderGrace, Take = true };
        return Only(await records.StepAsync(step, cancellation).ConfigureAwait(false));
    }

    /// <summary>A reader that is there keeps its tail.</summary>
    public ValueTask<Outcome<StepResult>> KeepAsync(ResourceKey tail, long token, CancellationToken cancellation) =>
        records.TouchAsync(new(tail) { Token = token, Renew = options.Value.ReaderGrace }, cancellation);

    /// <summary>Its reader asks for something else; the coordinators that judge events are told.</summary>
    public async ValueTask<Outcome<Record>> FilterAsync(Record tail, long token, string filters, CancellationToken cancellation)
    {
        var refusal = IsLive(tail)
            ? CompileLive(filters, tail.Text(TailFields.Combination)).Refusal
            : Compile(filters, tail.Text(TailFields.ClientIp)).Refusal;
        if (refusal is not null)
        {
            return refusal;
        }

        var step = new RecordStep(tail.Resource)
        {
            Token = token,
            Changes = [new(ChangeKind.Set, TailFields.Filters, filters)],
            Control = LeaseControl.Make(TailFields.Filters, ""),
        };
        return Only(await records.StepAsync(step, cancellation).ConfigureAwait(false));
    }

    public static Outcome<TailFilters> Compile(string? filters, string? clientIp) =>
        TailFilters.Compile(Encoding.UTF8.GetBytes(filters ?? ""), IPAddress.TryParse(clientIp, out var self) ? self : null);

    public static Outcome<LiveFilters> CompileLive(string? filters, string? combination) => LiveFilters.Compile(Encoding.UTF8.GetBytes(filters ?? ""), combination);

    public static bool IsLive(Record tail) => tail.Resource.Kind == LiveKind;

    /// <summary>The end of a script's tail, whoever reads it; on the store's clock.</summary>
    public DateTimeOffset ExpiresAt(Record tail) => tail.Instant(RecordFields.Created)!.Value + options.Value.Life;

    /// <summary>How long that was from the instant at which its lease was granted.</summary>
    public TimeSpan LifeLeft(Record tail) => ExpiresAt(tail) - tail.Lease!.AcquiredAt;

    private async ValueTask<Outcome<(TailKey Key, Record Tail)>> MakeAsync(
        TailKey key, string holder, Dictionary<string, string> fields, string? filters, int most, TimeSpan life, CancellationToken cancellation)
    {
        fields[TailFields.Secret] = key.SecretHash;
        if (filters is not null)
        {
            fields[TailFields.Filters] = filters;
        }

        var create = new CreateRecord(key.Resource, fields, null) { MostActive = most, Lease = (holder, life) };
        return (await records.CreateAsync(create, cancellation).ConfigureAwait(false)).Try(out var tail, out var refusal) ? (key, tail) : refusal;
    }

    private async ValueTask<IReadOnlyList<Record>> AllAsync(string tenant, string kind, CancellationToken cancellation)
    {
        var partition = ResourceKey.Of(tenant, $"{kind}:").Partition;
        var most = Math.Max(options.Value.MostPerScript, options.Value.MostLive);
        var page = await records.ListAsync(partition, tenant, kind, 0, most, cancellation).ConfigureAwait(false);
        return [.. page.Records.Where(tail => tail.Lease is not null)];
    }

    private static Outcome<Record> Only(Outcome<(Record Record, StepResult Step)> outcome) =>
        outcome.Try(out var done, out var refusal) ? done.Record : refusal;
}
