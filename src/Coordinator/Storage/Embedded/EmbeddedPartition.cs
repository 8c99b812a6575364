using Coordinator.Events;
using Coordinator.Leases;

namespace Coordinator.Storage.Embedded;

/// <summary>What Redis keeps under one <c>{NNN}</c>, in this process: everything that changes together, behind one lock.</summary>
internal sealed class EmbeddedPartition
{
    private const long ForgetEveryMicroseconds = 60_000_000;
    private long _forgetAt;

    public Lock Gate { get; } = new();

    public Dictionary<(string Tenant, string Name), EmbeddedLease> Leases { get; } = [];

    public Dictionary<(string Tenant, string Name), EmbeddedEnded> Ended { get; } = [];

    public Dictionary<(string Tenant, string Name), EmbeddedLog> Logs { get; } = [];

    public Dictionary<(string Tenant, string Name, string Id), EmbeddedOperation> Operations { get; } = [];

    /// <summary>Grants by an instant not after their deadline, in µs; what no longer stands is dropped when it is met.</summary>
    public PriorityQueue<(string Tenant, string Name, long Token), long> Due { get; } = new();

    public List<LeaseChange> Changes { get; } = [];

    public long Floor { get; set; }

    public long Position { get; set; }

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
