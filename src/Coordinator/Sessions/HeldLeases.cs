using Coordinator.Leases;
using System.Collections.Concurrent;

namespace Coordinator.Sessions;

/// <summary>A lease of a session.</summary>
internal sealed record HeldLease(ResourceKey Resource, long Token, TimeSpan Ttl)
{
    /// <summary>The worker has asked to release it: its end is no news.</summary>
    public bool Releasing { get; set; }
}

/// <summary>What one session holds, and for the whole process which session holds what.</summary>
internal sealed class HeldLeases(WorkerSession session, SessionRegistry registry)
{
    private readonly ConcurrentDictionary<string, HeldLease> _byName = new();

    public int Count => _byName.Count;

    public HeldLease? Find(string resource, long token) =>
        _byName.TryGetValue(resource, out var held) && held.Token == token ? held : null;

    public void Add(HeldLease lease)
    {
        _byName[lease.Resource.Name] = lease;
        registry.Add(lease.Resource, session);
    }

    /// <summary>True for the one caller that took it out.</summary>
    public bool Remove(string resource, long token)
    {
        if (Find(resource, token) is not { } held || !_byName.TryRemove(new(resource, held)))
        {
            return false;
        }

        registry.Remove(held.Resource, session);
        return true;
    }

    /// <summary>A renewal for each, on the session's connection.</summary>
    public Renewal[] Renewals(string connection)
    {
        var renewals = new List<Renewal>(_byName.Count);
        foreach (var (_, held) in _byName)
        {
            renewals.Add(new(held.Resource, held.Token, connection));
        }

        return [.. renewals];
    }

    /// <summary>The session is over: the leases live on to their TTL, or are resumed elsewhere.</summary>
    public void Forget()
    {
        foreach (var (_, held) in _byName)
        {
            registry.Remove(held.Resource, session);
        }
    }
}
