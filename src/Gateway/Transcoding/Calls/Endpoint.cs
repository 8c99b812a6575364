using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>One coordinator: its connections, and until when it is passed over because it could not be reached.</summary>
internal sealed class Endpoint : IDisposable
{
    // A page of records with their payloads; what the coordinator sends is bounded there.
    private const int MaxReceiveBytes = 64 << 20;
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PingWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PassedOver = TimeSpan.FromSeconds(1);
    private readonly GrpcChannel _channel;
    private readonly TimeProvider _time;
    private long _awayUntil;

    public Endpoint(Uri address, TimeProvider time)
    {
        (Address, _time) = (address, time);
        _channel = GrpcChannel.ForAddress(address, new()
        {
            MaxReceiveMessageSize = MaxReceiveBytes,
            DisposeHttpClient = true,
            HttpHandler = new SocketsHttpHandler
            {
                EnableMultipleHttp2Connections = true,
                ConnectTimeout = ConnectWithin,
                KeepAlivePingDelay = PingAfter,
                KeepAlivePingTimeout = PingWithin,
                UseProxy = false,
                UseCookies = false,
                AllowAutoRedirect = false,
                ActivityHeadersPropagator = null,
            },
        });
        Calls = _channel.CreateCallInvoker();
    }

    public Uri Address { get; }

    public CallInvoker Calls { get; }

    public bool IsAway => Volatile.Read(ref _awayUntil) > _time.GetTimestamp();

    public void PassOver() => Volatile.Write(ref _awayUntil, _time.GetTimestamp() + (long)(PassedOver.TotalSeconds * _time.TimestampFrequency));

    public void Dispose() => _channel.Dispose();
}
