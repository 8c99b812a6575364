namespace Coordinator.Leases;

/// <summary>Makes a retry of a command get the first answer.</summary>
/// <param name="Id">Chosen by the caller; scoped to the resource.</param>
/// <param name="Digest">Of the command's other arguments: the same id with other arguments is refused.</param>
internal sealed record Operation(string Id, string Digest);

/// <summary>Takes a free resource.</summary>
/// <param name="Connection">The stream that will renew it; empty for a lease without one.</param>
internal sealed record AcquireCommand(
    ResourceKey Resource,
    string Holder,
    string Connection,
    TimeSpan Ttl,
    IReadOnlyDictionary<string, string> Labels,
    Operation? Operation);

/// <summary>Ends a grant by its holder (released) or by another (revoked).</summary>
internal sealed record EndCommand(ResourceKey Resource, long Token, EndReason Reason, Operation? Operation);

/// <summary>What must hold for a lease to be touched.</summary>
internal enum Guard
{
    /// <summary>The token is the valid one and the lease is on this connection: a stream's own renewals.</summary>
    Connection,

    /// <summary>The token is the valid one: whoever knows it may renew.</summary>
    Token,

    /// <summary>Token and holder match; the lease moves to the connection named: a stream that resumes.</summary>
    Resume,
}

/// <summary>One lease of a batch of renewals.</summary>
/// <param name="Connection">By guard: the connection it must be on, ignored, or the one it moves to.</param>
/// <param name="Holder">Only for <see cref="Guard.Resume"/>.</param>
internal sealed record Renewal(ResourceKey Resource, long Token, string Connection = "", string Holder = "")
{
    /// <summary>What the store has made of it for its calls: a stream renews the same leases again and again.</summary>
    public object? Prepared { get; set; }
}

/// <summary>What became of one renewal: <see cref="Lost"/> is null where the lease was renewed.</summary>
internal readonly record struct RenewalResult(TimeSpan Remaining, TimeSpan Ttl, long LastBatchSequence, LeaseControl? Control, LostLease? Lost);

/// <summary>An event to store: its type and whatever its holder wrote.</summary>
internal readonly record struct EventEntry(string Type, ReadOnlyMemory<byte> Payload);

/// <summary>Events that are stored together or not at all.</summary>
/// <param name="Sequence">From 1 under each token; <see cref="Next"/> for the one that is due.</param>
/// <param name="Digest">Of the content: tells a repeat from another batch under the same sequence.</param>
internal sealed record EventBatch(long Sequence, string Digest, IReadOnlyList<EventEntry> Events)
{
    /// <summary>A batch that its sender does not number: it is stored again when it is sent again.</summary>
    public const long Next = -1;
}

/// <summary>
/// The guarded step: if the token is valid, all of what is asked is done in one atomic step; else nothing.
/// </summary>
internal sealed record GuardedStep(ResourceKey Resource, long Token)
{
    /// <summary>The connection the lease must be on; null for any.</summary>
    public string? Connection { get; init; }

    /// <summary>Renews: the deadline becomes the later of the old one and now plus this.</summary>
    public TimeSpan? Renew { get; init; }

    /// <summary>Appends to the resource's log.</summary>
    public EventBatch? Batch { get; init; }

    /// <summary>Stores a request to the holder, in place of an older one.</summary>
    public LeaseControl? Control { get; init; }

    /// <summary>Clears the request with this id; another one stays.</summary>
    public string? AcknowledgedControl { get; init; }
}

/// <summary>What a guarded step did.</summary>
/// <param name="AckedSequence">Every batch up to this one is stored under the token.</param>
/// <param name="LastSequence">The log position of the batch's last event; 0 where no event was stored now.</param>
internal readonly record struct StepResult(DateTimeOffset ExpiresAt, long AckedSequence, long LastSequence);

/// <summary>A grant that began (no <see cref="Reason"/>) or ended.</summary>
/// <param name="Position">From 1 without gaps in its partition.</param>
internal sealed record LeaseChange(
    int Partition, long Position, string Tenant, string Resource, long Token, string Holder, EndReason? Reason, DateTimeOffset At, bool IsControl = false);

/// <summary>The leases of a tenant under a prefix in one partition, and the position of its last change at that instant.</summary>
internal sealed record LeaseSnapshot(IReadOnlyList<Lease> Leases, long Position);

/// <summary>A page of a tenant's leases.</summary>
/// <param name="Next">Where the next page begins; null after the last.</param>
internal sealed record LeasePage(IReadOnlyList<Lease> Leases, ListPosition? Next);

/// <summary>The place of a page: behind this name in this partition.</summary>
internal sealed record ListPosition(int Partition, string AfterName)
{
    public static ListPosition Start { get; } = new(0, "");
}

/// <summary>What a sweep did and when the next one is worth its while.</summary>
internal readonly record struct SweepResult(int Expired, TimeSpan NextIn);
