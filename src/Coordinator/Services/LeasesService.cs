using Coordinator.Leases;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using System.Text;

namespace Coordinator.Services;

/// <summary>Leases without a stream: translates, asks the <see cref="Lessor"/>, translates back.</summary>
internal sealed class LeasesService(Lessor lessor, LeaseWatch watch) : V1.Leases.LeasesBase
{
    private static readonly Dictionary<string, string> NoLabels = [];

    public override async Task<AcquireResponse> Acquire(AcquireRequest request, ServerCallContext context)
    {
        var credential = context.GetCredential();
        // A name that nobody may have is the rules' to refuse: it is not repeated to the caller in a status.
        if (LeaseRules.Id(request.Holder, "holder") is null && !credential.MayBe(request.Holder))
        {
            throw StatusTable.Fail(StatusCode.PermissionDenied, "HOLDER_NOT_ALLOWED", $"This credential may not act as {request.Holder}.");
        }

        var outcome = await lessor.AcquireAsync(
            credential.Tenant, request.Resource, request.Holder, Wire.FromMilliseconds(request.TtlMs), request.OperationId, "", NoLabels, context.CancellationToken)
            .ConfigureAwait(false);
        return new() { Lease = outcome.OrThrow().ToWire() };
    }

    public override async Task<RenewResponse> Renew(RenewRequest request, ServerCallContext context)
    {
        var leases = request.Leases.Select(lease => (lease.Resource, lease.Token)).ToArray();
        var results = (await lessor.RenewAsync(context.GetTenant(), leases, context.CancellationToken).ConfigureAwait(false)).OrThrow();
        var response = new RenewResponse();
        foreach (var (lease, result) in leases.Zip(results))
        {
            if (result.Lost is { } lost)
            {
                response.Lost.Add(lost.ToWire(lease.Resource, lease.Token));
            }
            else
            {
                response.Renewed.Add(new RenewedLease
                {
                    Resource = lease.Resource,
                    GrantedTtlMs = result.Remaining.Milliseconds(),
                    Control = result.Control?.ToWire(),
                });
            }
        }

        return response;
    }

    public override async Task<ReleaseResponse> Release(ReleaseRequest request, ServerCallContext context)
    {
        var (resource, token) = Named(request.Lease);
        (await lessor.ReleaseAsync(context.GetTenant(), resource, token, request.OperationId, context.CancellationToken).ConfigureAwait(false)).OrThrow();
        return new();
    }

    public override async Task<RevokeResponse> Revoke(RevokeRequest request, ServerCallContext context)
    {
        var (resource, token) = Named(request.Lease);
        (await lessor.RevokeAsync(context.GetTenant(), resource, token, request.OperationId, context.CancellationToken).ConfigureAwait(false)).OrThrow();
        return new();
    }

    public override async Task<CancelResponse> Cancel(CancelRequest request, ServerCallContext context)
    {
        var (resource, token) = Named(request.Lease);
        var outcome = await lessor.CancelAsync(context.GetTenant(), resource, token, request.Reason, context.CancellationToken).ConfigureAwait(false);
        return new() { Control = outcome.OrThrow().ToWire() };
    }

    public override async Task<GetResponse> Get(GetRequest request, ServerCallContext context)
    {
        var outcome = await lessor.GetAsync(context.GetTenant(), request.Resource, context.CancellationToken).ConfigureAwait(false);
        return new() { Lease = outcome.OrThrow().ToWire() };
    }

    public override async Task<ListResponse> List(ListRequest request, ServerCallContext context)
    {
        var from = ReadPageToken(request.PageToken);
        var page = (await lessor.ListAsync(context.GetTenant(), request.Prefix, from, request.PageSize, context.CancellationToken).ConfigureAwait(false))
            .OrThrow();
        var fitting = page.Leases.Select(lease => lease.ToWire()).ChunkByBytes(LeaseBounds.MaxPageSize).FirstOrDefault() ?? [];
        var next = fitting.Count < page.Leases.Count ? At(page.Leases[fitting.Count - 1].Resource) : page.Next;
        var response = new ListResponse { NextPageToken = next is null ? "" : WritePageToken(next) };
        response.Leases.AddRange(fitting);
        return response;
    }

    public override async Task<CheckTokenResponse> CheckToken(CheckTokenRequest request, ServerCallContext context)
    {
        var (resource, token) = Named(request.Lease);
        var check = (await lessor.CheckAsync(context.GetTenant(), resource, token, context.CancellationToken).ConfigureAwait(false)).OrThrow();
        return check.Lost is { } lost
            ? new() { CurrentToken = lost.CurrentToken }
            : new() { Valid = true, RemainingMs = check.Remaining.Milliseconds(), CurrentToken = token };
    }

    public override Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context) =>
        watch.RunAsync(context.GetTenant(), request.Prefix, request.Cursor, responseStream, context.GetStream().Ended);

    private static (string Resource, long Token) Named(LeaseRef? lease) => (lease?.Resource ?? "", lease?.Token ?? 0);

    private static ListPosition At(ResourceKey resource) => new(resource.Partition, resource.Name);

    private static string WritePageToken(ListPosition at) => Convert.ToBase64String(Encoding.ASCII.GetBytes($"{at.Partition}/{at.AfterName}"));

    private static ListPosition ReadPageToken(string token)
    {
        if (token.Length == 0)
        {
            return ListPosition.Start;
        }

        Span<byte> bytes = stackalloc byte[LeaseBounds.MaxResourceLength + 8];
        return Convert.TryFromBase64String(token, bytes, out var length)
            && Encoding.ASCII.GetString(bytes[..length]).Split('/', 2) is [var partition, var name]
            && int.TryParse(partition, out var at) && at is >= 0 and < ResourceKey.Partitions && LeaseRules.Resource(name) is null
            ? new(at, name)
            : throw StatusTable.ToException(Refusal.Invalid("page_token", "not a next_page_token of this service"));
    }
}
