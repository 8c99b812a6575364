using Coordinator.Leases;
using Coordinator.Records;
using System.Threading.Channels;

namespace Coordinator.Tunnels;

/// <summary>
/// Lets the runtime tokens of tunnels whose lease ran out end too. They open nothing any more; this keeps them from piling up. What a
/// coordinator misses that is down, another one does.
/// </summary>
internal sealed class TunnelCleaner(ChangeFeed feed, IRecordStore records, TunnelDesk desk, ILogger<TunnelCleaner> log) : BackgroundService
{
    // Beyond this the oldest is given up: its token stays, and still opens nothing.
    private const int MostWaiting = 10_000;

    private readonly Channel<ResourceKey> _ended = Channel.CreateBounded<ResourceKey>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var following = feed.Subscribe(change =>
        {
            if (change.Reason is EndReason.Expired && change.Resource.StartsWith(ResourceKey.Tunnel, StringComparison.Ordinal))
            {
                _ended.Writer.TryWrite(ResourceKey.Of(change.Tenant, change.Resource));
            }
        });
        await foreach (var tunnel in _ended.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                if ((await records.GetAsync(tunnel, stoppingToken).ConfigureAwait(false)).Value is { } ended)
                {
                    await desk.ForgetTokensAsync(ended, stoppingToken).ConfigureAwait(false);
                }
            }
            catch (StoreException away)
            {
                Log.TokensKept(log, tunnel.Name, away.Message);
            }
        }
    }
}
