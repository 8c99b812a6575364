using Coordinator.Leases;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Services;

/// <summary>Snapshot and changes of the leases under a prefix.</summary>
internal sealed class LeaseWatch(ILeaseStore store, ChangeFeed feed)
{
    private const int PartitionsAtOnce = 32;

    public async Task RunAsync(
        string tenant, string prefix, ByteString cursor, IServerStreamWriter<WatchResponse> output, CancellationToken cancellation)
    {
        if (LeaseRules.Prefix(prefix) is { } refusal)
        {
            throw StatusTable.ToException(refusal);
        }

        var watch = new Watched(tenant, prefix, new long[ResourceKey.Partitions], output);
        if (cursor.IsEmpty)
        {
            await SnapshotAsync(watch, cancellation).ConfigureAwait(false);
        }
        else
        {
            WatchCursor.Read(cursor, tenant, prefix).OrThrow().CopyTo(watch.Positions, 0);
            await ResumeAsync(watch, cancellation).ConfigureAwait(false);
        }

        while (true)
        {
            var moved = feed.NextMove;
            for (var partition = 0; partition < watch.Positions.Length; partition++)
            {
                // Unequal, not behind: in a store that was emptied the positions begin again, and the watcher must be told.
                while (feed.Position(partition) != watch.Positions[partition]
                    && await TellAsync(watch, partition, await feed.ReadAfterAsync(partition, watch.Positions[partition], cancellation).ConfigureAwait(false), cancellation)
                        .ConfigureAwait(false))
                {
                }
            }

            await moved.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async Task SnapshotAsync(Watched watch, CancellationToken cancellation)
    {
        foreach (var partitions in Enumerable.Range(0, watch.Positions.Length).Chunk(PartitionsAtOnce))
        {
            var snapshots = await Task.WhenAll(partitions.Select(partition =>
                store.SnapshotAsync(watch.Tenant, watch.Prefix, partition, cancellation).AsTask())).ConfigureAwait(false);
            foreach (var (partition, snapshot) in partitions.Zip(snapshots))
            {
                watch.Positions[partition] = snapshot.Position;
            }

            foreach (var chunk in snapshots.SelectMany(snapshot => snapshot.Leases).Select(lease => lease.ToWire()).ChunkByBytes(LeaseBounds.MaxPageSize))
            {
                var response = new WatchResponse();
                response.Snapshot.AddRange(chunk);
                await watch.Output.WriteAsync(response, cancellation).ConfigureAwait(false);
            }
        }

        await watch.Output.WriteAsync(new() { SnapshotComplete = true, Cursor = watch.Cursor() }, cancellation).ConfigureAwait(false);
    }

    // A cursor comes from any time and place: its partitions are all looked at once, in the store.
    private async Task ResumeAsync(Watched watch, CancellationToken cancellation)
    {
        foreach (var partitions in Enumerable.Range(0, watch.Positions.Length).Chunk(PartitionsAtOnce))
        {
            var pages = await Task.WhenAll(partitions.Select(partition =>
                store.ReadChangesAsync(partition, watch.Positions[partition], LeaseBounds.MaxPageSize, cancellation).AsTask())).ConfigureAwait(false);
            foreach (var (partition, page) in partitions.Zip(pages))
            {
                var next = page;
                while (await TellAsync(watch, partition, next, cancellation).ConfigureAwait(false))
                {
                    next = await store.ReadChangesAsync(partition, watch.Positions[partition], LeaseBounds.MaxPageSize, cancellation).ConfigureAwait(false);
                }
            }
        }
    }

    // False where there was nothing left to read.
    private static async Task<bool> TellAsync(
        Watched watch, int partition, Outcome<IReadOnlyList<Leases.LeaseChange>> page, CancellationToken cancellation)
    {
        if (page.OrThrow() is not { Count: > 0 } changes)
        {
            return false;
        }

        watch.Positions[partition] = changes[^1].Position;
        var response = new WatchResponse();
        response.Changes.AddRange(changes
            .Where(change => !change.IsControl && change.Tenant == watch.Tenant && change.Resource.StartsWith(watch.Prefix, StringComparison.Ordinal))
            .Select(change => change.ToWire()));
        if (response.Changes.Count > 0)
        {
            response.Cursor = watch.Cursor();
            await watch.Output.WriteAsync(response, cancellation).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>One call of Watch: what it looks at and where it stands.</summary>
    private sealed record Watched(string Tenant, string Prefix, long[] Positions, IServerStreamWriter<WatchResponse> Output)
    {
        public ByteString Cursor() => WatchCursor.Write(Tenant, Prefix, Positions);
    }
}
