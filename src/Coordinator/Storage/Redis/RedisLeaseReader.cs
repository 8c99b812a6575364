using Coordinator.Leases;
using StackExchange.Redis;
using System.Globalization;

namespace Coordinator.Storage.Redis;

/// <summary>What looks at many leases of a partition: pages, snapshots, changes, the sweep.</summary>
internal sealed class RedisLeaseReader(RedisCaller caller, RedisScripts scripts, RedisFitness fitness)
{
    private const int PartitionsAtOnce = 32;
    private const string SweptPerCall = "200";
    private const string LongestPauseMicroseconds = "200000";
    private const string MarkerMilliseconds = "100";
    private static readonly RedisKey[] AllDue = [.. Enumerable.Range(0, ResourceKey.Partitions).Select(p => (RedisKey)RedisKeys.Due(p))];

    public async ValueTask<LeasePage> ListAsync(string tenant, string prefix, ListPosition from, int count, CancellationToken cancellation)
    {
        var leases = new List<Lease>();
        var after = from.AfterName;
        for (var first = from.Partition; first < ResourceKey.Partitions;)
        {
            // Most partitions hold few of a tenant's names: look at several at once, and drop what is beyond the page.
            var partitions = Enumerable.Range(first, Math.Min(PartitionsAtOnce, ResourceKey.Partitions - first)).ToArray();
            var pages = await Task.WhenAll(partitions.Select(p =>
                PageAsync(tenant, prefix, p, p == from.Partition ? after : "", count - leases.Count, cancellation))).ConfigureAwait(false);
            foreach (var (partition, page) in partitions.Zip(pages))
            {
                foreach (var lease in page.Leases)
                {
                    leases.Add(lease);
                    if (leases.Count == count)
                    {
                        return new(leases, new(partition, lease.Resource.Name));
                    }
                }

                if (page.More.Length > 0)
                {
                    // All names that were looked at, but not all leases: some were overdue. Go on behind the last name.
                    return new(leases, new(partition, page.More));
                }
            }

            first += partitions.Length;
        }

        return new(leases, null);
    }

    public async ValueTask<LeaseSnapshot> SnapshotAsync(string tenant, string prefix, int partition, CancellationToken cancellation)
    {
        var page = await PageAsync(tenant, prefix, partition, "", -1, cancellation).ConfigureAwait(false);
        return new(page.Leases, page.Position);
    }

    public async ValueTask<Outcome<IReadOnlyList<LeaseChange>>> ReadChangesAsync(int partition, long after, int count, CancellationToken cancellation)
    {
        var reply = await caller.RunAsync(scripts.Changes, [RedisKeys.Changes(partition), RedisKeys.Head(partition)],
            [default, Number(after), Number(count)], cancellation).ConfigureAwait(false);
        var last = (long)reply[2];
        if (after > last)
        {
            return Refusals.BeyondEnd(last);
        }

        var changes = reply.Skip(3).Select(entry => Change(partition, (RedisResult[])entry!)).ToArray();
        return after < last && (changes.Length == 0 || changes[0].Position > after + 1) ? Refusals.CursorTrimmed() : changes;
    }

    public async ValueTask<long[]> ReadPositionsAsync(CancellationToken cancellation)
    {
        var positions = await Task.WhenAll(Enumerable.Range(0, ResourceKey.Partitions).Select(partition =>
            caller.RunAsync(scripts.Changes, [RedisKeys.Changes(partition), RedisKeys.Head(partition)],
                [default, Number(long.MaxValue), "1"], cancellation).AsTask())).ConfigureAwait(false);
        return [.. positions.Select(reply => (long)reply[2])];
    }

    public async ValueTask<SweepResult> SweepAsync(CancellationToken cancellation)
    {
        var calls = fitness.Cluster ? AllDue.Select(due => new[] { due }) : [AllDue];
        var replies = await Task.WhenAll(calls.Select(keys => caller.RunAtOnceAsync(scripts.Sweep, keys,
            [default, SweptPerCall, LongestPauseMicroseconds, MarkerMilliseconds], cancellation).AsTask())).ConfigureAwait(false);
        return new(
            replies.Sum(reply => (int)reply[2]),
            TimeSpan.FromMicroseconds(replies.Min(reply => (long)reply[3])));
    }

    private async Task<(IReadOnlyList<Lease> Leases, string More, long Position)> PageAsync(
        string tenant, string prefix, int partition, string after, int count, CancellationToken cancellation)
    {
        // Names are ASCII: 0xff is above them all.
        RedisValue lowest = after.Length > 0 ? $"({after}" : prefix.Length > 0 ? $"[{prefix}" : "-";
        RedisValue highest = prefix.Length > 0 ? (byte[])[(byte)'[', .. System.Text.Encoding.ASCII.GetBytes(prefix), 0xff] : "+";
        var reply = await caller.RunAsync(scripts.List, [RedisKeys.Held(partition, tenant), RedisKeys.Head(partition)],
            [default, lowest, highest, Number(count)], cancellation).ConfigureAwait(false);
        var leases = reply.Skip(4).Select(entry =>
        {
            var parts = (RedisResult[])entry!;
            return RedisReplies.Lease(new(tenant, RedisReplies.Text(parts[0]), partition), parts);
        }).ToArray();
        return (leases, RedisReplies.Text(reply[3]), (long)reply[2]);
    }

    // change(): kind, token, tenant, now, name, holder; a holder may be any text
    private static LeaseChange Change(int partition, RedisResult[] entry)
    {
        var position = long.Parse(RedisReplies.Text(entry[0]).Split('-')[0], CultureInfo.InvariantCulture);
        var parts = RedisReplies.Text(((RedisResult[])entry[1]!)[1]).Split('|', 6);
        EndReason? reason = parts[0] is "acquired" or "control" ? null : RedisReplies.Reason(parts[0]);
        return new(
            partition, position, parts[2], parts[4], long.Parse(parts[1], CultureInfo.InvariantCulture), parts[5], reason,
            RedisReplies.Instant(long.Parse(parts[3], CultureInfo.InvariantCulture)), parts[0] == "control");
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
