using Google.Protobuf;
using Grpc.Core;
using System.Net.Sockets;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>
/// Calls to any of the coordinators, in turn. One that cannot be reached is passed over for a second; a call goes on to the next
/// where it surely did nothing, or where doing it twice is like doing it once.
/// </summary>
internal sealed class Coordinators(GatewayOptions options, TimeProvider time, ILogger<Coordinators> log) : IDisposable
{
    // Longer than any call waits by itself: a claim waits up to 30 s.
    private static readonly TimeSpan CallWithin = TimeSpan.FromSeconds(45);
    private readonly Endpoint[] _endpoints = [.. options.Coordinators.Select(address => new Endpoint(address, time))];
    private uint _turn;

    /// <summary>Throws an <see cref="RpcException"/> with the failure of the last coordinator that was tried.</summary>
    public async Task<Answered<T>> CallAsync<T>(
        Method<IMessage, IMessage> method, IMessage request, Metadata headers, bool repeatable, CancellationToken cancellation)
        where T : IMessage
    {
        var call = new CallOptions(headers, time.GetUtcNow().UtcDateTime + CallWithin, cancellation);
        return await TryEachAsync(repeatable, async endpoint =>
        {
            using var unary = endpoint.Calls.AsyncUnaryCall(method, null, call, request);
            try
            {
                var response = (T)await unary.ResponseAsync.ConfigureAwait(false);
                return new Answered<T>(response, await unary.ResponseHeadersAsync.ConfigureAwait(false));
            }
            catch (RpcException fault) when (unary.ResponseHeadersAsync.IsCompletedSuccessfully)
            {
                throw RpcFailures.WithHeaders(fault, await unary.ResponseHeadersAsync.ConfigureAwait(false));
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Begins a stream; it has no deadline. Throws where it is refused.</summary>
    public Task<StartedStream> FollowAsync(Method<IMessage, IMessage> method, IMessage request, Metadata headers, CancellationToken cancellation)
    {
        var call = new CallOptions(headers, cancellationToken: cancellation);
        return TryEachAsync(repeatable: true, endpoint => StartedStream.StartAsync(endpoint.Calls.AsyncServerStreamingCall(method, null, call, request), time, cancellation));
    }

    /// <summary>Opens a call on any coordinator, as the caller of this method does it. Throws where the last that was tried refused it.</summary>
    public Task<T> OpenAsync<T>(Func<CallInvoker, Task<T>> open) => TryEachAsync(repeatable: true, endpoint => open(endpoint.Calls));

    public void Dispose() => Array.ForEach(_endpoints, endpoint => endpoint.Dispose());

    private async Task<T> TryEachAsync<T>(bool repeatable, Func<Endpoint, Task<T>> call)
    {
        RpcException? away = null;
        foreach (var endpoint in InTurn())
        {
            try
            {
                return await call(endpoint).ConfigureAwait(false);
            }
            catch (RpcException fault) when (CouldNotConnect(fault))
            {
                if (!endpoint.IsAway)
                {
                    Log.CoordinatorAway(log, endpoint.Address);
                }

                endpoint.PassOver();
                away = fault;
            }
            catch (RpcException fault) when (repeatable && fault.StatusCode == StatusCode.Unavailable)
            {
                away = fault;
            }
        }

        throw away!;
    }

    // Those that were lately away come last: where all were, they are tried all the same.
    private IEnumerable<Endpoint> InTurn()
    {
        var first = Interlocked.Increment(ref _turn);
        return Enumerable.Range(0, _endpoints.Length)
            .Select(i => _endpoints[(first + i) % _endpoints.Length])
            .OrderBy(endpoint => endpoint.IsAway);
    }

    /// <summary>Whether nothing of the call was ever sent.</summary>
    private static bool CouldNotConnect(RpcException fault)
    {
        for (var cause = fault.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError }
                or SocketException { SocketErrorCode: SocketError.ConnectionRefused })
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>An answer with what stood in its header.</summary>
internal sealed record Answered<T>(T Message, Metadata Headers);
