using Coordinator.Leases;

namespace Coordinator.Records;

/// <summary>Makes a record, all of it or nothing.</summary>
internal sealed record CreateRecord(ResourceKey Resource, IReadOnlyDictionary<string, string> Fields, Operation? Operation)
{
    /// <summary>The lane to wait in; null for none. It gives the operation its scope too.</summary>
    public string? Lane { get; init; }

    /// <summary>Names that may stand once in a tenant.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Counts as active until its lease ends, and there may be no more than this; 0 for no bound.</summary>
    public int MostActive { get; init; }

    /// <summary>Its first lease; null for none.</summary>
    public (string Holder, TimeSpan Ttl)? Lease { get; init; }
}

/// <summary>A lane of a tenant, hashed where it becomes part of a key.</summary>
internal sealed record Lane(string Tenant, string Key, int Partition);

/// <summary>Takes what waits.</summary>
/// <param name="Waiter">Keeps a place in the lane's line while it asks again and again; null does not wait.</param>
internal sealed record Claim(string Holder, TimeSpan Ttl, Operation? Operation, string? Waiter = null)
{
    /// <summary>How long a waiter that does not ask again keeps its place.</summary>
    public static readonly TimeSpan PlaceKept = TimeSpan.FromSeconds(3);
}

/// <summary>How a field changes.</summary>
internal enum ChangeKind
{
    /// <summary>To a value.</summary>
    Set,

    /// <summary>To the larger of two numbers.</summary>
    Max,

    /// <summary>To the store's clock.</summary>
    Now,

    /// <summary>It is taken out.</summary>
    Del,

    /// <summary>The state, where it is one of several: <c>from,from&gt;to</c>.</summary>
    Move,

    /// <summary>Not at all: it must be this already, else nothing is done, as if there were no such record.</summary>
    Is,
}

/// <summary>One change of a record.</summary>
internal readonly record struct FieldChange(ChangeKind Kind, string Field, string Value = "")
{
    public static FieldChange Move(string from, string to) => new(ChangeKind.Move, RecordFields.State, $"{from}>{to}");
}

/// <summary>The guarded step on a resource with a record: all of it if token and holder are those of the valid lease, else nothing.</summary>
internal sealed record RecordStep(ResourceKey Resource)
{
    /// <summary>The token it must be under; null for any.</summary>
    public long? Token { get; init; }

    /// <summary>Who must hold it; null for anybody, but somebody.</summary>
    public string? Holder { get; init; }

    /// <summary>Granted to the holder for this long where nobody holds it; null for not.</summary>
    public TimeSpan? Grant { get; init; }

    /// <summary>The grant is made also where somebody holds it, whose lease ends as superseded.</summary>
    public bool Take { get; init; }

    /// <summary>The deadline becomes the later of the old one and now plus this.</summary>
    public TimeSpan? Renew { get; init; }

    /// <summary>Appended to the resource's log; a repeated one changes nothing else either.</summary>
    public EventBatch? Batch { get; init; }

    public IReadOnlyList<FieldChange> Changes { get; init; } = [];

    /// <summary>Stored for the holder, in place of an older one.</summary>
    public LeaseControl? Control { get; init; }
}

/// <summary>Ends the lease of a resource with a record.</summary>
/// <param name="State">The state it is left in.</param>
internal sealed record EndRecord(ResourceKey Resource, long? Token, string? Holder, string State, Operation? Operation)
{
    /// <summary>Why the lease ends.</summary>
    public EndReason Reason { get; init; } = EndReason.Released;
}
