using Coordinator.Leases;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Services;

/// <summary>Snapshot and changes of the leases under a prefix.</summary>
internal sealed class LeaseWatch(ILeaseStore store, ChangeFeed feed)
{
    public async Task RunAsync(
        string tenant, string prefix, ByteString cursor, IServerStreamWriter<WatchResponse> output, CancellationToken cancellation)
    {
        if (LeaseRules.Prefix(prefix) is { } refusal)
        {
            throw StatusTable.ToException(refusal);
        }

        var positions = cursor.IsEmpty
            ? await SnapshotAsync(tenant, prefix, output, cancellation).ConfigureAwait(false)
            : WatchCursor.Read(cursor).OrThrow();
        var first = true;
        while (true)
        {
            var moved = feed.NextMove;
            for (var partition = 0; partition < positions.Length; partition++)
            {
                // A cursor comes from any time and place: its partitions are all looked at once, in the store.
                while (first || feed.Position(partition) > positions[partition])
                {
                    var page = first
                        ? await store.ReadChangesAsync(partition, positions[partition], LeaseBounds.MaxPageSize, cancellation).ConfigureAwait(false)
                        : await feed.ReadAfterAsync(partition, positions[partition], cancellation).ConfigureAwait(false);
                    if (page.OrThrow() is not { Count: > 0 } changes)
                    {
                        break;
                    }

                    positions[partition] = changes[^1].Position;
                    await WriteAsync(tenant, prefix, changes, positions, output, cancellation).ConfigureAwait(false);
                }
            }

            first = false;
            await moved.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async Task<long[]> SnapshotAsync(
        string tenant, string prefix, IServerStreamWriter<WatchResponse> output, CancellationToken cancellation)
    {
        var positions = new long[ResourceKey.Partitions];
        for (var partition = 0; partition < positions.Length; partition++)
        {
            var snapshot = await store.SnapshotAsync(tenant, prefix, partition, cancellation).ConfigureAwait(false);
            positions[partition] = snapshot.Position;
            foreach (var page in snapshot.Leases.Chunk(LeaseBounds.MaxPageSize))
            {
                var response = new WatchResponse();
                response.Snapshot.AddRange(page.Select(lease => lease.ToWire()));
                await output.WriteAsync(response, cancellation).ConfigureAwait(false);
            }
        }

        await output.WriteAsync(new() { SnapshotComplete = true, Cursor = WatchCursor.Write(positions) }, cancellation).ConfigureAwait(false);
        return positions;
    }

    private static async Task WriteAsync(
        string tenant, string prefix, IReadOnlyList<Leases.LeaseChange> changes, long[] positions, IServerStreamWriter<WatchResponse> output, CancellationToken cancellation)
    {
        var response = new WatchResponse();
        response.Changes.AddRange(changes
            .Where(change => !change.IsControl && change.Tenant == tenant && change.Resource.StartsWith(prefix, StringComparison.Ordinal))
            .Select(change => change.ToWire()));
        if (response.Changes.Count > 0)
        {
            response.Cursor = WatchCursor.Write(positions);
            await output.WriteAsync(response, cancellation).ConfigureAwait(false);
        }
    }
}
