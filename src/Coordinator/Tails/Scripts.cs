using Coordinator.Leases;
using Coordinator.Records;
using System.Collections.Concurrent;

namespace Coordinator.Tails;

/// <summary>Which scripts an account has: those that a worker has named.</summary>
internal sealed class Scripts(IRecordStore records, TimeProvider time)
{
    // A record is made anew seldom: only so that a store that lost it has it again.
    private static readonly TimeSpan KnownFor = TimeSpan.FromMinutes(10);
    private const int MostRemembered = 10_000;

    private readonly ConcurrentDictionary<(string Tenant, string Script), long> _known = new();

    /// <summary>A worker names its script.</summary>
    public async ValueTask RegisterAsync(string tenant, string script, CancellationToken cancellation)
    {
        if (_known.TryGetValue((tenant, script), out var at) && time.GetElapsedTime(at) < KnownFor)
        {
            return;
        }

        var fields = new Dictionary<string, string> { [TailFields.Script] = script };
        await records.CreateAsync(new(Resource(tenant, script), fields, new(TailKey.HashOf(script), script)), cancellation).ConfigureAwait(false);
        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }

        _known[(tenant, script)] = time.GetTimestamp();
    }

    public async ValueTask<bool> ExistsAsync(string tenant, string script, CancellationToken cancellation) =>
        (await records.GetAsync(Resource(tenant, script), cancellation).ConfigureAwait(false)).Refusal is null;

    private static ResourceKey Resource(string tenant, string script) => ResourceKey.Of(tenant, $"{ResourceKey.Script}{TailKey.HashOf(script)}");
}
