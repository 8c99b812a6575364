using Coordinator.Leases;
using Coordinator.Records;
using System.Threading.Channels;

namespace Coordinator.Runs;

/// <summary>Claims the oldest run of a lane, and waits for one where it is asked to. Who waits is served first come, first served.</summary>
internal sealed class RunClaims(IRecordStore records, ILeaseStore leases, TimeProvider time)
{
    // Also what keeps the place in the line: less than Claim.PlaceKept.
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>Null where nothing was queued in time.</summary>
    /// <param name="wait">At most <see cref="RunRules.MaxWait"/>; zero does not wait.</param>
    public async ValueTask<Outcome<Record?>> NextAsync(
        string tenant, string lane, string worker, TimeSpan lease, TimeSpan wait, string operationId, CancellationToken cancellation)
    {
        if ((LeaseRules.Id(lane, "lane_key") ?? RunRules.Worker(worker) ?? RunLanes.OperationId(operationId)) is { } refusal)
        {
            return refusal;
        }

        var place = new Lane(tenant, lane, ResourceKey.PartitionOfLane(tenant, lane));
        var claim = new Claim(worker, lease, RunLanes.Claiming(operationId, worker, lease), wait > TimeSpan.Zero ? Guid.NewGuid().ToString("N") : null);

        // Holds one hint at most: it only says that looking again may be worth it.
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var listening = claim.Waiter is null ? null : leases.OnChanged(partition =>
        {
            if (partition == place.Partition)
            {
                changed.Writer.TryWrite(true);
            }
        });
        var began = time.GetTimestamp();
        try
        {
            return await WaitAsync(place, claim, wait, changed.Reader, began, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (claim.Waiter is not null)
        {
            await LeaveAsync(place, claim.Waiter).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<Outcome<Record?>> WaitAsync(
        Lane place, Claim claim, TimeSpan wait, ChannelReader<bool> changed, long began, CancellationToken cancellation)
    {
        while (true)
        {
            var outcome = await records.ClaimNextAsync(place, claim, cancellation).ConfigureAwait(false);
            var left = wait - time.GetElapsedTime(began);
            if (outcome.Refusal is not null || outcome.Value is not null)
            {
                return outcome;
            }

            if (left <= TimeSpan.Zero)
            {
                if (claim.Waiter is not null)
                {
                    await LeaveAsync(place, claim.Waiter).ConfigureAwait(false);
                }

                return outcome;
            }

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(changed.ReadAsync(waiting.Token).AsTask(), Task.Delay(left < Poll ? left : Poll, time, waiting.Token)).ConfigureAwait(false);
            await waiting.CancelAsync().ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    // Whoever waits no longer must not keep the others waiting.
    private async ValueTask LeaveAsync(Lane place, string waiter)
    {
        try
        {
            await records.LeaveAsync(place, waiter, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // The place is kept for a moment longer, and then lapses by itself.
        }
    }
}
