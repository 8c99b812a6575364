using Coordinator.Leases;
using System.Collections.Concurrent;

namespace Coordinator.Sessions;

/// <summary>The sessions of this process, and which of them holds what: here a change finds the stream to push it to.</summary>
internal sealed class SessionRegistry : IDisposable
{
    private readonly ConcurrentDictionary<(string Tenant, string Name), WorkerSession> _byResource = new();
    private readonly ConcurrentDictionary<string, WorkerSession> _sessions = new();
    private readonly IDisposable _changes;
    private volatile bool _draining;

    public SessionRegistry(ChangeFeed feed) => _changes = feed.Subscribe(change =>
    {
        if (_byResource.TryGetValue((change.Tenant, change.Resource), out var session))
        {
            session.OnChange(change);
        }
    });

    /// <summary>Set once: no further session begins.</summary>
    public bool Draining => _draining;

    public int Count => _sessions.Count;

    public void Add(ResourceKey resource, WorkerSession session) => _byResource[(resource.Tenant, resource.Name)] = session;

    // Another session may have taken it over meanwhile: only one's own entry goes.
    public void Remove(ResourceKey resource, WorkerSession session) => _byResource.TryRemove(new((resource.Tenant, resource.Name), session));

    public void Add(WorkerSession session) => _sessions[session.Id] = session;

    public void Remove(WorkerSession session) => _sessions.TryRemove(session.Id, out _);

    /// <summary>No session begins from now on; gives those there are.</summary>
    public ICollection<WorkerSession> BeginDrain()
    {
        _draining = true;
        return _sessions.Values;
    }

    public void Dispose() => _changes.Dispose();
}
