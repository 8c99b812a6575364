namespace Coordinator.Client;

/// <summary>A worker, as it introduces itself.</summary>
public sealed class WorkerOptions
{
    /// <summary>Names the worker, and is the holder of its leases. 1 to 128 characters of A-Z a-z 0-9 . _ : ~ -</summary>
    public required string WorkerId { get; init; }

    /// <summary>Shown with the worker's leases. At most 16, keys and values of at most 100 characters. Default: none.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// The scripts whose events this worker can ship to those that tail them, by <see cref="WorkerSession.Traces"/>. At most 16 names of 1 to
    /// 128 characters. Default: none.
    /// </summary>
    public IReadOnlyList<string> Scripts { get; init; } = [];

    /// <summary>The TTL of leases acquired without one. 1 s to 1 day; default 15 s.</summary>
    public TimeSpan DefaultTtl { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Told what happens to the session, in order, on a thread of the pool; must not block for long. Default: nothing.</summary>
    public Action<SessionNotice>? OnNotice { get; init; }
}

/// <summary>What a session tells of itself.</summary>
public enum SessionNoticeKind
{
    /// <summary>A coordinator welcomed the worker, for the first time or again.</summary>
    Connected,

    /// <summary>The stream broke; it is being opened again.</summary>
    Disconnected,

    /// <summary>The coordinator stops: the session moves to another one.</summary>
    Drain,

    /// <summary>Renewals fail for now; leases hold until their TTL runs out.</summary>
    Jeopardy,

    /// <summary>A lease is over.</summary>
    Lost,

    /// <summary>The holder of a lease is asked to stop.</summary>
    Cancel,

    /// <summary>The holder of a run is asked to hold on; the lease goes on.</summary>
    Pause,

    /// <summary>The holder of a paused run is asked to go on.</summary>
    Resume,

    /// <summary>The coordinators refuse this worker; the session is over.</summary>
    Refused,

    /// <summary>Somebody began to tail a script, which is named by the message.</summary>
    TailStarted,

    /// <summary>Nobody tails a script any more, which is named by the message.</summary>
    TailStopped,
}

/// <summary>One thing that a session tells.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Message">For people and logs.</param>
/// <param name="Lease">The lease it is about, where it is about one.</param>
/// <param name="End">Why the lease is over, for <see cref="SessionNoticeKind.Lost"/>.</param>
public sealed record SessionNotice(SessionNoticeKind Kind, string Message, LeaseId? Lease = null, LeaseEnd End = LeaseEnd.None);
