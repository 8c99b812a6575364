using Coordinator.Client.Connection;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using System.Runtime.CompilerServices;

namespace Coordinator.Client;

/// <summary>Leases without a worker stream. Every method throws <see cref="CoordinatorException"/> where it is refused or no coordinator answers.</summary>
public sealed class LeasesClient
{
    private readonly Channels _channels;

    internal LeasesClient(Channels channels) => _channels = channels;

    /// <summary>Takes a free resource; renew it by <see cref="RenewAsync"/> within its TTL.</summary>
    /// <param name="resource">1 to 200 characters of A-Z a-z 0-9 . _ : ~ / -</param>
    /// <param name="holder">Who will own it: 1 to 128 characters of A-Z a-z 0-9 . _ : ~ -</param>
    /// <param name="ttl">1 s to 1 day.</param>
    /// <param name="cancellation">Ends the wait; the lease may have been granted all the same.</param>
    /// <exception cref="LeaseHeldException">Another has it.</exception>
    public async Task<LeaseInfo> AcquireAsync(string resource, string holder, TimeSpan ttl, CancellationToken cancellation = default)
    {
        var request = new AcquireRequest { Resource = resource, Holder = holder, TtlMs = (long)ttl.TotalMilliseconds, OperationId = Guid.NewGuid().ToString("N") };
        var response = await _channels.CallAsync(at => Client(at).AcquireAsync(request, cancellationToken: cancellation), cancellation).ConfigureAwait(false);
        return LeaseInfo.From(response.Lease);
    }

    /// <summary>Renews leases, each by its own TTL; gives those that are lost, with the reason.</summary>
    /// <param name="leases">1 to 10,000.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<IReadOnlyDictionary<LeaseId, LeaseEnd>> RenewAsync(IEnumerable<LeaseId> leases, CancellationToken cancellation = default)
    {
        var request = new RenewRequest();
        request.Leases.AddRange(leases.Select(lease => lease.ToWire()));
        var response = await _channels.CallAsync(at => Client(at).RenewAsync(request, cancellationToken: cancellation), cancellation).ConfigureAwait(false);
        return response.Lost.ToDictionary(lost => new LeaseId(lost.Resource, lost.Token), lost => LeaseEnds.Of(lost.Reason));
    }

    /// <summary>Gives a lease back; a repeat is fine.</summary>
    public Task ReleaseAsync(LeaseId lease, CancellationToken cancellation = default) => _channels.CallAsync(
        at => Client(at).ReleaseAsync(new() { Lease = lease.ToWire() }, cancellationToken: cancellation), cancellation);

    /// <summary>Ends somebody's lease now, naming the token that was seen.</summary>
    public Task RevokeAsync(LeaseId lease, CancellationToken cancellation = default) => _channels.CallAsync(
        at => Client(at).RevokeAsync(new() { Lease = lease.ToWire() }, cancellationToken: cancellation), cancellation);

    /// <summary>Asks the holder to stop; the lease goes on until it does.</summary>
    /// <param name="lease">The lease as it was seen.</param>
    /// <param name="reason">Told to the holder: at most 200 characters.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public Task CancelAsync(LeaseId lease, string reason, CancellationToken cancellation = default) => _channels.CallAsync(
        at => Client(at).CancelAsync(new() { Lease = lease.ToWire(), Reason = reason }, cancellationToken: cancellation), cancellation);

    /// <summary>The valid lease of a resource; null for none.</summary>
    public async Task<LeaseInfo?> FindAsync(string resource, CancellationToken cancellation = default)
    {
        try
        {
            var response = await _channels.CallAsync(
                at => Client(at).GetAsync(new() { Resource = resource }, cancellationToken: cancellation), cancellation).ConfigureAwait(false);
            return LeaseInfo.From(response.Lease);
        }
        catch (CoordinatorException none) when (none.Status == StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Whether a token is the valid one at this instant.</summary>
    public async Task<TokenCheck> CheckTokenAsync(LeaseId lease, CancellationToken cancellation = default)
    {
        var response = await _channels.CallAsync(
            at => Client(at).CheckTokenAsync(new() { Lease = lease.ToWire() }, cancellationToken: cancellation), cancellation).ConfigureAwait(false);
        return new(response.Valid, TimeSpan.FromMilliseconds(response.RemainingMs), response.CurrentToken);
    }

    /// <summary>All leases under a prefix, in a stable order that is not alphabetical.</summary>
    public async IAsyncEnumerable<LeaseInfo> ListAsync(string prefix = "", [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var request = new ListRequest { Prefix = prefix, PageSize = 1_000 };
        do
        {
            var page = await _channels.CallAsync(at => Client(at).ListAsync(request, cancellationToken: cancellation), cancellation).ConfigureAwait(false);
            foreach (var lease in page.Leases)
            {
                yield return LeaseInfo.From(lease);
            }

            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>The leases under a prefix, then every change, over breaks of the connection, until cancelled.</summary>
    /// <exception cref="CoordinatorException">OUT_OF_RANGE: the watch was away for longer than changes are kept; begin anew.</exception>
    public async IAsyncEnumerable<WatchItem> WatchAsync(string prefix = "", [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var cursor = ByteString.Empty;
        var responses = Streaming.ResumeAsync(_channels, at => Client(at).Watch(new() { Prefix = prefix, Cursor = cursor }, cancellationToken: cancellation), cancellation);
        await foreach (var response in responses.ConfigureAwait(false))
        {
            foreach (var lease in response.Snapshot)
            {
                yield return new(LeaseInfo.From(lease), null);
            }

            foreach (var change in response.Changes)
            {
                var end = change.Kind == LeaseChange.Types.Kind.Ended ? LeaseEnds.Of(change.Reason) : LeaseEnd.None;
                yield return new(null, new(new(change.Resource, change.Token), change.Holder, end, DateTimeOffset.FromUnixTimeMilliseconds(change.AtMs)));
            }

            cursor = response.Cursor.IsEmpty ? cursor : response.Cursor;
        }
    }

    private static V1.Leases.LeasesClient Client(CallInvoker invoker) => new(invoker);
}
