using Coordinator.Leases;
using System.Collections.Concurrent;

namespace Coordinator.Sessions;

/// <summary>A lease of a session.</summary>
internal sealed record HeldLease(ResourceKey Resource, long Token, TimeSpan Ttl)
{
    /// <summary>The worker has asked to release it: its end is no news.</summary>
    public bool Releasing { get; set; }

    /// <summary>Kept from the first heartbeat on.</summary>
    public Renewal? Renewal { get; set; }
}

/// <summary>What one session holds, and for the whole process which session holds what.</summary>
internal sealed class HeldLeases(WorkerSession session, SessionRegistry registry)
{
    private readonly ConcurrentDictionary<string, HeldLease> _byName = new();

    // A renewal for each, until what is held changes: most heartbeats renew what the one before did.
    private volatile Renewal[]? _renewals;

    public int Count => _byName.Count;

    public HeldLease? Find(string resource, long token) =>
        _byName.TryGetValue(resource, out var held) && held.Token == token ? held : null;

    public void Add(HeldLease lease)
    {
        _byName[lease.Resource.Name] = lease;
        _renewals = null;
        registry.Add(lease.Resource, session);
    }

    /// <summary>True for the one caller that took it out.</summary>
    public bool Remove(string resource, long token)
    {
        if (Find(resource, token) is not { } held || !_byName.TryRemove(new(resource, held)))
        {
            return false;
        }

        _renewals = null;
        registry.Remove(held.Resource, session);
        return true;
    }

    /// <summary>A renewal for each, on the session's connection. Only the stream's reader asks.</summary>
    public Renewal[] Renewals(string connection)
    {
        if (_renewals is { } known)
        {
            return known;
        }

        // Before the reading: a change meanwhile makes the next caller read again.
        var renewals = new List<Renewal>(_byName.Count);
        var made = _renewals = [];
        foreach (var (_, held) in _byName)
        {
            renewals.Add(Renewal(held, connection));
        }

        Renewal[] whole = [.. renewals];
        Interlocked.CompareExchange(ref _renewals, whole, made);
        return whole;
    }

    /// <summary>The renewal of one lease; null where the session does not hold it.</summary>
    public Renewal? FindRenewal(string resource, long token, string connection) =>
        Find(resource, token) is { } held ? Renewal(held, connection) : null;

    /// <summary>The session is over: the leases live on to their TTL, or are resumed elsewhere.</summary>
    public void Forget()
    {
        foreach (var (_, held) in _byName)
        {
            registry.Remove(held.Resource, session);
        }
    }

    private static Renewal Renewal(HeldLease held, string connection) => held.Renewal ??= new(held.Resource, held.Token, connection);
}
