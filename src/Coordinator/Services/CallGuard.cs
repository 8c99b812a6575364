using Coordinator.Credentials;
using Coordinator.Leases;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Coordinator.Services;

/// <summary>In front of every call: the credential; behind it: failures as statuses, without internals.</summary>
internal sealed class CallGuard(CredentialLookup credentials, ILogger<CallGuard> log) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, () => continuation(request, context));

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, () => continuation(requestStream, context));

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, () => NothingAsync(continuation(request, responseStream, context)));

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, () => NothingAsync(continuation(requestStream, responseStream, context)));

    private async Task<T> RunAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        try
        {
            await AdmitAsync(context).ConfigureAwait(false);
            return await call().ConfigureAwait(false);
        }
        catch (RpcException)
        {
            throw;
        }
        catch (StoreException away)
        {
            throw StatusTable.ToException(StatusTable.ToStatus(away));
        }
        catch (Exception) when (context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(Status.DefaultCancelled);
        }
        catch (Exception bug)
        {
            Log.CallFailed(log, context.Method, bug);
            throw StatusTable.Fail(StatusCode.Internal, "INTERNAL", "An error of the coordinator itself; its log has more.");
        }
    }

    private async Task AdmitAsync(ServerCallContext context)
    {
        var policy = Policies.Of(context.Method)
            ?? throw StatusTable.Fail(StatusCode.PermissionDenied, "NO_POLICY", $"{context.Method} is not open to anybody.");
        if (policy == Policies.Public)
        {
            return;
        }

        var credential = await FindAsync(context).ConfigureAwait(false);
        if (policy != Policies.AnyCredential && !credential.May(policy))
        {
            throw StatusTable.Fail(StatusCode.PermissionDenied, "SCOPE_MISSING", $"The credential lacks the scope {policy}.");
        }

        context.UserState[typeof(Credential)] = credential;
    }

    private async ValueTask<Credential> FindAsync(ServerCallContext context)
    {
        var headers = context.RequestHeaders.GetAll("authorization").ToArray();
        if (headers.Length > 1)
        {
            throw StatusTable.Fail(StatusCode.InvalidArgument, "TWO_CREDENTIALS", "The authorization header was sent twice.");
        }

        var parts = headers.FirstOrDefault()?.Value.Split(' ', 2, StringSplitOptions.TrimEntries);
        if (parts is not [var scheme, var token] || !scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) || token.Length == 0)
        {
            throw StatusTable.Fail(StatusCode.Unauthenticated, "CREDENTIAL_MISSING", "Send the header authorization: Bearer TOKEN.");
        }

        return await credentials.FindAsync(token, context.CancellationToken).ConfigureAwait(false)
            ?? throw StatusTable.Fail(StatusCode.Unauthenticated, "CREDENTIAL_UNKNOWN", "The token is not known here.");
    }

    private static async Task<object?> NothingAsync(Task call)
    {
        await call.ConfigureAwait(false);
        return null;
    }
}

/// <summary>What a handler needs of its call.</summary>
internal static class CallContextExtensions
{
    /// <summary>The credential that <see cref="CallGuard"/> admitted.</summary>
    public static Credential GetCredential(this ServerCallContext context) => (Credential)context.UserState[typeof(Credential)];

    public static string GetTenant(this ServerCallContext context) => context.GetCredential().Tenant;

    /// <summary>The value, or the refusal as the call's status.</summary>
    public static T OrThrow<T>(this Outcome<T> outcome) => outcome.Try(out var value, out var refusal) ? value : throw StatusTable.ToException(refusal);
}
