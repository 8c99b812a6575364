using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.Client.Connection;

/// <summary>A channel to each address; unary calls move on to the next where one is away.</summary>
internal sealed class Channels : IDisposable
{
    private const int RoundsPerCall = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly GrpcChannel[] _channels;
    private readonly CallInvoker[] _invokers;

    private int _preferred;

    public Channels(CoordinatorClientOptions options)
    {
        Time = options.TimeProvider;
        _channels = [.. options.Addresses.Select(address => GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            MaxReceiveMessageSize = null,
            HttpHandler = new BearerHandler(options.Token, new SocketsHttpHandler
            {
                ConnectTimeout = options.ConnectTimeout,
                EnableMultipleHttp2Connections = true,
                KeepAlivePingDelay = TimeSpan.FromSeconds(15),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            }),
            DisposeHttpClient = true,
        }))];
        _invokers = [.. _channels.Select(channel => channel.CreateCallInvoker())];
    }

    public TimeProvider Time { get; }

    public int Count => _invokers.Length;

    public CallInvoker this[int at] => _invokers[at % _invokers.Length];

    /// <summary>Makes an idempotent call, at the next address where one is away, a bounded number of times.</summary>
    public async Task<T> CallAsync<T>(Func<CallInvoker, AsyncUnaryCall<T>> call, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var at = Volatile.Read(ref _preferred);
            try
            {
                using var pending = call(this[at]);
                return await pending.ResponseAsync.WaitAsync(cancellation).ConfigureAwait(false);
            }
            catch (RpcException failure) when (failure.StatusCode == StatusCode.Unavailable && attempt < RoundsPerCall * Count)
            {
                MoveOn(at);
                await Task.Delay(Pause * attempt, Time, cancellation).ConfigureAwait(false);
            }
            catch (RpcException failure)
            {
                throw CoordinatorException.From(failure);
            }
        }
    }

    /// <summary>The address that calls begin with.</summary>
    public int Preferred => Volatile.Read(ref _preferred);

    public void MoveOn(int from) => Interlocked.CompareExchange(ref _preferred, (from + 1) % Count, from);

    public void Dispose() => Array.ForEach(_channels, channel => channel.Dispose());

    private sealed class BearerHandler(string token, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new("Bearer", token);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
