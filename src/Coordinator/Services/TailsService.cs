using Coordinator.Credentials;
using Coordinator.Leases;
using Coordinator.Records;
using Coordinator.Tails;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using Record = Coordinator.Records.Record;

namespace Coordinator.Services;

/// <summary>Tails: translates, asks the rooms, translates back.</summary>
internal sealed class TailsService(TailDesk desk, TailReaders readers, IHostApplicationLifetime process) : V1.Tails.TailsBase
{
    private const string EmailHeader = "x-auth-email";
    private const string ExpiresHeader = "lease-expires-at";

    // In one response: frames are at most 128 KiB each, and a message 4 MiB.
    private const int MostFrames = 16;

    public override async Task<TailsStartResponse> Start(TailsStartRequest request, ServerCallContext context)
    {
        var credential = Own(context, request.AccountId);
        MessageRules.Demand(request);
        var outcome = await desk.StartAsync(
            credential.Tenant, credential.Subject, request.ScriptName, Filters(request.HasFilters, request.Filters), request.ClientIp, context.CancellationToken)
            .ConfigureAwait(false);
        var (key, tail) = outcome.OrThrow(Room.Scripts);
        return new() { Id = key.Id, Url = $"{request.Origin}/tails/{key.Capability}", ExpiresAt = desk.ExpiresAt(tail).ToUnixTimeMilliseconds() };
    }

    public override async Task<TailsListResponse> List(TailsListRequest request, ServerCallContext context)
    {
        var credential = Own(context, request.AccountId);
        MessageRules.Demand(request);
        var tails = await desk.ListAsync(credential.Tenant, request.ScriptName, context.CancellationToken).ConfigureAwait(false);
        var response = new TailsListResponse { Tails = { tails.Select(Shown) } };
        if (response.Tails is [var newest, ..])
        {
            (response.Id, response.Url, response.ExpiresAt) = (newest.Id, newest.Url, newest.ExpiresAt);
        }

        return response;
    }

    public override async Task<TailsDeleteResponse> Delete(TailsDeleteRequest request, ServerCallContext context)
    {
        var credential = Own(context, request.AccountId);
        MessageRules.Demand(request);
        if (LeaseRules.Id(request.Id, "id") is { } refusal)
        {
            throw StatusTable.ToException(refusal);
        }

        (await desk.DeleteAsync(credential.Tenant, request.ScriptName, request.Id, context.CancellationToken).ConfigureAwait(false)).OrThrow(Room.Tails);
        return new();
    }

    public override async Task<TailsOpenLiveResponse> OpenLive(TailsOpenLiveRequest request, ServerCallContext context)
    {
        var credential = Own(context, request.AccountId);
        MessageRules.Demand(request);
        var combination = request.HasFilterCombination ? request.FilterCombination.ToLowerInvariant() : "and";
        var outcome = await desk.OpenLiveAsync(
            credential.Tenant, credential.Subject, request.HasScriptId ? request.ScriptId : null, Filters(request.HasFilters, request.Filters), combination,
            context.CancellationToken).ConfigureAwait(false);
        return new() { WsUrl = $"{request.Origin}/live-tails/{outcome.OrThrow(Room.Tails).Key.Capability}" };
    }

    public override async Task<TailsLiveHeartbeatResponse> LiveHeartbeat(TailsLiveHeartbeatRequest request, ServerCallContext context)
    {
        var credential = Own(context, request.AccountId);
        MessageRules.Demand(request);
        var expires = await desk.BeatAsync(
            credential.Tenant, credential.Subject, request.HasScriptId ? request.ScriptId : null, context.CancellationToken).ConfigureAwait(false);
        if (expires is { } at)
        {
            await context.WriteResponseHeadersAsync(
                new() { { ExpiresHeader, at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture) } }).ConfigureAwait(false);
        }

        return new();
    }

    public override Task<TailsListAccountsResponse> ListAccounts(TailsListAccountsRequest request, ServerCallContext context) =>
        Task.FromResult(new TailsListAccountsResponse { Accounts = { Account(Judged(context)) } });

    public override Task<TailsListMembershipsResponse> ListMemberships(TailsListMembershipsRequest request, ServerCallContext context) =>
        Task.FromResult(new TailsListMembershipsResponse { Memberships = { new TailsListMembershipsResponse.Types.Membership { Account = Account(Judged(context)) } } });

    public override async Task Attach(
        IAsyncStreamReader<TailsAttachRequest> requestStream, IServerStreamWriter<TailsAttachResponse> responseStream, ServerCallContext context)
    {
        var ended = context.GetStream().Ended;
        if (!await requestStream.MoveNext(ended).ConfigureAwait(false) || TailKey.Parse(requestStream.Current.Capability) is not { } key)
        {
            throw StatusTable.Fail(StatusCode.NotFound, "TAIL_NOT_FOUND", "There is no such tail.");
        }

        var first = requestStream.Current;
        using var reader = (await readers.AttachAsync(key, first.After, ended).ConfigureAwait(false)).OrThrow(Room.Tails);
        // Says that it is attached before there is anything to send.
        await responseStream.WriteAsync(new(), ended).ConfigureAwait(false);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(ended);
        await using var stopping = process.ApplicationStopping.Register(() => reader.End(TailEnd.Stopping)).ConfigureAwait(false);
        Task[] beside = [readers.KeepAsync(reader, leaving.Token), ListenAsync(reader, first, requestStream, leaving.Token)];
        try
        {
            while (await reader.Buffer.ReadAsync(MostFrames, ended).ConfigureAwait(false) is { } read)
            {
                await responseStream.WriteAsync(
                    new() { First = read.First, Frames = { read.Frames.Select(frame => UnsafeByteOperations.UnsafeWrap(frame)) } }, ended).ConfigureAwait(false);
            }

            var end = await reader.Ended.ConfigureAwait(false);
            await responseStream.WriteAsync(new() { Closing = new() { Code = end.Code, Reason = end.Reason } }, ended).ConfigureAwait(false);
        }
        finally
        {
            await leaving.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(beside).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // A reader may ask for something else; one that asks for nonsense goes on with what it had.
    private async Task ListenAsync(TailReader reader, TailsAttachRequest first, IAsyncStreamReader<TailsAttachRequest> requests, CancellationToken cancellation)
    {
        for (var request = first; ; request = requests.Current)
        {
            if (request.HasFilters)
            {
                await desk.FilterAsync(reader.Tail, reader.Token, request.Filters.ToStringUtf8(), cancellation).ConfigureAwait(false);
            }

            if (!await requests.MoveNext(cancellation).ConfigureAwait(false))
            {
                return;
            }
        }
    }

    // Whoever names another account learns nothing of it, not even whether there is one.
    private static Credential Own(ServerCallContext context, string account) =>
        Judged(context) is var credential && credential.Tenant == account
            ? credential
            : throw StatusTable.Fail(StatusCode.PermissionDenied, "ACCOUNT_NOT_OWN", "The credential does not belong to this account.");

    private static Credential Judged(ServerCallContext context)
    {
        var credential = context.GetCredential();
        return context.RequestHeaders.GetValue(EmailHeader) is not { } email || email.Equals(credential.Email, StringComparison.OrdinalIgnoreCase)
            ? credential
            : throw StatusTable.Fail(StatusCode.Unauthenticated, "CREDENTIAL_UNKNOWN", "The e-mail address is not that of the key.");
    }

    private static TailAccount Account(Credential credential) => new() { Id = credential.Tenant, Name = $"account {credential.Tenant[..8]}" };

    private static string? Filters(bool given, ByteString filters) => given ? filters.ToStringUtf8() : null;

    private TailsListResponse.Types.Tail Shown(Record tail) =>
        new() { Id = tail.Id, Url = "", ExpiresAt = desk.ExpiresAt(tail).ToUnixTimeMilliseconds() };
}
