using Coordinator.Events;
using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>What Redis keeps under one <c>{NNN}</c>, in this process: everything that changes together, behind one lock.</summary>
internal sealed class EmbeddedPartition
{
    private const long ForgetEveryMicroseconds = 60_000_000;
    private readonly EmbeddedStep _step;
    private long _forgetAt;

    public EmbeddedPartition(int partition, StoreRetention retention) => _step = new(this, partition, retention);

    public Lock Gate { get; } = new();

    public Dictionary<(string Tenant, string Name), EmbeddedLease> Leases { get; } = [];

    public Dictionary<(string Tenant, string Name), EmbeddedEnded> Ended { get; } = [];

    public Dictionary<(string Tenant, string Name), EmbeddedLog> Logs { get; } = [];

    public Dictionary<(string Tenant, string Name, string Id), EmbeddedOperation> Operations { get; } = [];

    public Dictionary<(string Tenant, string Name), EmbeddedRecord> Records { get; } = [];

    /// <summary>Names that may stand once in a tenant, and who has them.</summary>
    public Dictionary<(string Tenant, string Unique), string> Names { get; } = [];

    public Dictionary<(string Tenant, string Lane), EmbeddedLane> Lanes { get; } = [];

    /// <summary>First answers to operations that name no resource yet: in a lane or a kind.</summary>
    public Dictionary<(string Tenant, string Room, string Id), EmbeddedRoomOperation> RoomOperations { get; } = [];

    /// <summary>When the last record was made, in µs.</summary>
    public long Created { get; set; }

    /// <summary>Grants by an instant not after their deadline, in µs; what no longer stands is dropped when it is met.</summary>
    public PriorityQueue<(string Tenant, string Name, long Token), long> Due { get; } = new();

    public List<LeaseChange> Changes { get; } = [];

    public long Floor { get; set; }

    public long Position { get; set; }

    /// <summary>A step on this partition, for whoever has the gate.</summary>
    public EmbeddedStep Begin(long now) => _step.Begin(now);

    /// <summary>Drops the records that are past their time; Redis does the same by key TTLs.</summary>
    public void Forget(long now)
    {
        if (now < _forgetAt)
        {
            return;
        }

        _forgetAt = now + ForgetEveryMicroseconds;
        Drop(Operations, operation => operation.ForgottenAt <= now);
        Drop(Ended, ended => ended.ForgottenAt <= now);
        Drop(Logs, log => log.GoneAt <= now);
        Drop(Records, record => record.GoneAt <= now);
        Drop(RoomOperations, operation => operation.ForgottenAt <= now);
        Drop(Lanes, lane => lane.Queue.Count == 0 && lane.Waiters.TrueForAll(waiter => waiter.GoneAt <= now));
    }

    private static void Drop<TKey, TValue>(Dictionary<TKey, TValue> records, Func<TValue, bool> over)
        where TKey : notnull
    {
        foreach (var (key, record) in records)
        {
            if (over(record))
            {
                records.Remove(key);
            }
        }
    }
}

/// <summary>A lease. Instants are µs since 1970 on the store's clock.</summary>
internal sealed class EmbeddedLease
{
    public required long Token { get; init; }

    public required string Holder { get; init; }

    public required long Acquired { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required string Connection { get; set; }

    public required long Deadline { get; set; }

    public required long Ttl { get; set; }

    public long Batch { get; set; }

    public string Digest { get; set; } = "";

    public LeaseControl? Control { get; set; }
}

/// <summary>The last grants of a resource that ended, newest first.</summary>
internal sealed class EmbeddedEnded
{
    public LinkedList<(long Token, EndReason Reason, long Batch)> Grants { get; } = [];

    public long ForgottenAt { get; set; }
}

/// <summary>The events of a resource that are still kept; positions are contiguous.</summary>
internal sealed class EmbeddedLog
{
    public Queue<StoredEvent> Events { get; } = [];

    public long Last { get; set; }

    public long GoneAt { get; set; }
}

/// <summary>The first answer to an operation: the token it was about.</summary>
internal sealed record EmbeddedOperation(string Digest, long Token, long ForgottenAt);

/// <summary>What is known of a resource beside its lease.</summary>
internal sealed class EmbeddedRecord
{
    public Dictionary<string, string> Fields { get; } = [];

    public long GoneAt { get; set; } = long.MaxValue;

    /// <summary>Counts against a bound until its lease ends.</summary>
    public bool Active { get; set; }
}

/// <summary>What waits in a lane, by its creation, and who waits for it, in the order of their coming.</summary>
internal sealed class EmbeddedLane
{
    public SortedDictionary<long, string> Queue { get; } = [];

    public List<(string Id, long GoneAt)> Waiters { get; } = [];
}

/// <summary>The first answer to an operation that named no resource: the resource, and the token where it was a claim.</summary>
internal sealed record EmbeddedRoomOperation(string Digest, string Name, long Token, long ForgottenAt);
