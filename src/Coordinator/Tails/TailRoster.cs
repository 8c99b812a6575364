using Coordinator.Leases;
using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Coordinator.Tails;

/// <summary>What is read of one script, as its workers are told.</summary>
internal sealed record Demand(string Script, int Tails, double SamplingRate);

/// <summary>
/// The tails of the scripts that workers of this process ship: looked up when a worker comes, and whenever the change feed says that one began,
/// ended or asks for something else. Nothing is asked of the store for an event.
/// </summary>
internal sealed class TailRoster(TailDesk desk, ChangeFeed feed, TimeProvider time, ILogger<TailRoster> log) : BackgroundService
{
    // What a change that was never heard costs at most.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(string Tenant, string Script), Followed> _scripts = new();
    private readonly Channel<(string Tenant, string? Kind)> _stale = Channel.CreateUnbounded<(string, string?)>();

    /// <summary>Somebody ships this script, and is told what is read of it, now and whenever that changes. Dispose it when he leaves.</summary>
    public Following Follow(string tenant, string script, Action<Demand> told)
    {
        Followed followed;
        Action<Demand>? follower;
        do
        {
            followed = _scripts.GetOrAdd((tenant, script), key => new(key.Tenant, key.Script));
            follower = followed.Add(told);
        }
        while (follower is null);

        _stale.Writer.TryWrite((tenant, TailKey.KindOfScript(script)));
        _stale.Writer.TryWrite((tenant, TailDesk.LiveKind));
        return new(script, () => followed.Audience, () =>
        {
            if (followed.Remove(follower))
            {
                _scripts.TryRemove(new((tenant, script), followed));
            }
        });
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var changes = feed.Subscribe(OnChange);
        await using var again = time.CreateTimer(_ => _stale.Writer.TryWrite(("", null)), null, LookAgain, LookAgain).ConfigureAwait(false);
        try
        {
            await foreach (var (tenant, kind) in _stale.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
            {
                await LookAsync(tenant, kind, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops.
        }
    }

    private void OnChange(LeaseChange change)
    {
        var kind = change.Resource.Split(':', 2)[0];
        if (ResourceKey.IsTail(kind) && (change.Reason is not EndReason.Superseded) && _scripts.Keys.Any(script => script.Tenant == change.Tenant))
        {
            _stale.Writer.TryWrite((change.Tenant, kind));
        }
    }

    private async Task LookAsync(string tenant, string? kind, CancellationToken cancellation)
    {
        var scripts = _scripts.Values.Where(followed => kind is null
            || (followed.Tenant == tenant && (kind == TailDesk.LiveKind || kind == followed.Kind))).ToArray();
        try
        {
            foreach (var ofTenant in scripts.GroupBy(followed => followed.Tenant))
            {
                var live = kind is null or TailDesk.LiveKind
                    ? (await desk.ListLiveAsync(ofTenant.Key, cancellation).ConfigureAwait(false)).Select(ActiveTail.Of).ToArray()
                    : null;
                foreach (var followed in ofTenant)
                {
                    var own = kind == TailDesk.LiveKind
                        ? null
                        : (await desk.ListAsync(followed.Tenant, followed.Script, cancellation).ConfigureAwait(false)).Select(ActiveTail.Of).ToArray();
                    followed.Set(own, live);
                }
            }
        }
        catch (StoreException away)
        {
            Log.TailsNotRead(log, away.Message);
        }
    }

    /// <summary>A script that workers of this process ship.</summary>
    private sealed class Followed(string tenant, string script)
    {
        private readonly Lock _gate = new();
        private readonly List<Action<Demand>> _followers = [];
        private ActiveTail[] _own = [];
        private ActiveTail[] _live = [];
        private volatile Audience _audience = Audience.Nobody;
        private Demand _told = new(script, 0, 0);
        private bool _over;

        public string Tenant => tenant;

        public string Script => script;

        public string Kind { get; } = TailKey.KindOfScript(script);

        public Audience Audience => _audience;

        /// <summary>Null where the last one has just left: ask for another.</summary>
        public Action<Demand>? Add(Action<Demand> told)
        {
            lock (_gate)
            {
                if (_over)
                {
                    return null;
                }

                Action<Demand> follower = demand => told(demand);
                _followers.Add(follower);
                if (_told.Tails > 0)
                {
                    follower(_told);
                }

                return follower;
            }
        }

        /// <summary>True where nobody is left, and nobody will come.</summary>
        public bool Remove(Action<Demand> follower)
        {
            lock (_gate)
            {
                _followers.Remove(follower);
                return _over = _followers.Count == 0;
            }
        }

        public void Set(ActiveTail[]? own, ActiveTail[]? live)
        {
            lock (_gate)
            {
                _own = own ?? _own;
                _live = live?.Where(tail => tail.Follows(script)).ToArray() ?? _live;
                _audience = new([.. _own, .. _live]);
                var demand = new Demand(script, _audience.Names.Count, _audience.SamplingRate);
                if (demand == _told)
                {
                    return;
                }

                _told = demand;
                foreach (var follower in _followers)
                {
                    follower(demand);
                }
            }
        }
    }
}
