using Coordinator.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using System.Net;

namespace Benchmarks.Echo;

/// <summary>What Kestrel and gRPC can do at most: answers at once, keeps nothing.</summary>
internal static class EchoServer
{
    private const int StreamsPerConnection = 1_000;

    public static async Task RunAsync(CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
            kestrel.Limits.MinRequestBodyDataRate = null;
        });
        builder.Services.AddGrpc();
        await using var app = builder.Build();
        app.MapGrpcService<EchoSessions>();
        app.MapGrpcService<EchoTunnels>();
        await app.StartAsync(cancellation);
        Console.WriteLine($"listening grpc=127.0.0.1:{new Uri(app.Urls.First()).Port}");
        await app.WaitForShutdownAsync(cancellation);
    }
}

/// <summary>Says of every heartbeat that it renewed what was acquired, and of every batch that it is stored.</summary>
internal sealed class EchoSessions : Sessions.SessionsBase
{
    public override async Task Connect(IAsyncStreamReader<ConnectRequest> requestStream, IServerStreamWriter<ConnectResponse> responseStream, ServerCallContext context)
    {
        var held = 0;
        var ack = new ConnectResponse { HeartbeatAck = new() { GrantedTtlMs = 15_000, NextHeartbeatInMs = 5_000 } };
        await foreach (var frame in requestStream.ReadAllAsync(context.CancellationToken))
        {
            switch (frame.FrameCase)
            {
                case ConnectRequest.FrameOneofCase.Heartbeat:
                    (ack.HeartbeatAck.Sequence, ack.HeartbeatAck.Renewed) = (frame.Heartbeat.Sequence, frame.Heartbeat.All ? held : frame.Heartbeat.Leases.Count);
                    await responseStream.WriteAsync(ack);
                    break;
                case ConnectRequest.FrameOneofCase.EventBatch:
                    var batch = frame.EventBatch;
                    await responseStream.WriteAsync(new() { EventAck = new() { Resource = batch.Resource, Token = batch.Token, AckedSequence = batch.BatchSequence } });
                    break;
                case ConnectRequest.FrameOneofCase.Acquire:
                    held++;
                    await responseStream.WriteAsync(new()
                    {
                        Granted = new() { RequestId = frame.Acquire.RequestId, Lease = new() { Resource = frame.Acquire.Resource, Token = held } },
                    });
                    break;
                case ConnectRequest.FrameOneofCase.Hello:
                    await responseStream.WriteAsync(new() { Welcome = new() { Session = "echo", Limits = new() { UnackedHeartbeats = 64, UnackedBatches = 64, UnansweredRequests = 256 } } });
                    break;
                default:
                    break;
            }
        }
    }
}

/// <summary>Says of every heartbeat that the tunnel goes on.</summary>
internal sealed class EchoTunnels : Tunnels.TunnelsBase
{
    private static readonly TunnelsHeartbeatResponse Alive = new() { ExpiresAt = new() { Seconds = 1_800_000_000 } };

    public override Task<TunnelsHeartbeatResponse> Heartbeat(TunnelsHeartbeatRequest request, ServerCallContext context) => Task.FromResult(Alive);
}
