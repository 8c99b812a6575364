using Coordinator.Credentials;
using Coordinator.Leases;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Options;

namespace Coordinator.Services;

/// <summary>Around every handler: nothing runs that <see cref="Admission"/> did not admit, and every failure leaves as a status.</summary>
internal sealed class CallGuard(OpenStreams streams, IOptions<StreamOptions> options, TimeProvider time, ILogger<CallGuard> log) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, () => continuation(request, context));

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, () => continuation(requestStream, context));

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, () => StreamAsync(context, () => continuation(request, Bounded(responseStream, context), context)));

    // The worker stream has a queue with bounds of its own, and is too busy for two: in both directions a service bounds its writes.
    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, () => StreamAsync(context, () => continuation(requestStream, responseStream, context)));

    private async Task<T> RunAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        try
        {
            context.GetAdmitted();
            return await call().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            throw CallFailures.Translate(fault, context.Method, context.CancellationToken.IsCancellationRequested, log);
        }
    }

    private async Task<object?> StreamAsync(ServerCallContext context, Func<Task> call)
    {
        using var stream = streams.Open(context.GetAdmitted().Credential, context.CancellationToken);
        context.UserState[typeof(OpenStream)] = stream;
        try
        {
            await call().ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException) when (stream.Reason is not null)
        {
            throw stream.Reason;
        }
    }

    private BoundedWriter<T> Bounded<T>(IServerStreamWriter<T> writer, ServerCallContext context) =>
        new(writer, options.Value.WriteWithin, time, () =>
        {
            Log.PeerCut(log, context.Method, options.Value.WriteWithin);
            context.GetHttpContext().Abort();
        });
}

/// <summary>What a handler needs of its call.</summary>
internal static class CallContextExtensions
{
    /// <summary>What <see cref="Admission"/> found; throws where it was passed by.</summary>
    public static Admitted GetAdmitted(this ServerCallContext context) =>
        context.GetHttpContext().Features.Get<Admitted>()
        ?? throw StatusTable.Fail(StatusCode.PermissionDenied, "NOT_ADMITTED", "This call was not admitted.");

    public static Credential GetCredential(this ServerCallContext context) =>
        context.GetAdmitted().Credential ?? throw new InvalidOperationException($"{context.Method} is public and has no credential.");

    public static string GetTenant(this ServerCallContext context) => context.GetCredential().Tenant;

    /// <summary>How long this stream may go on. Only for streams.</summary>
    public static OpenStream GetStream(this ServerCallContext context) => (OpenStream)context.UserState[typeof(OpenStream)];

    /// <summary>The value, or the refusal as the call's status.</summary>
    /// <param name="room">Whose words the status is in; null for everybody's.</param>
    public static T OrThrow<T>(this Outcome<T> outcome, Room? room = null) =>
        outcome.Refusal is { } refusal ? throw StatusTable.ToException(refusal, room) : outcome.Value!;
}
