using Coordinator.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using System.Net;

namespace Benchmarks.Echo;

/// <summary>The least that stands between a REST heartbeat and gRPC: one route, one call, one body.</summary>
internal static class EchoGateway
{
    public static async Task RunAsync(Uri to, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        using var channel = GrpcChannel.ForAddress(to);
        var tunnels = new Tunnels.TunnelsClient(channel);
        await using var app = builder.Build();
        app.MapPost("/v1/tunnels/{id}/heartbeat", async (string id, HttpContext context) =>
        {
            var beaten = await tunnels.HeartbeatAsync(new() { Id = id }, cancellationToken: context.RequestAborted);
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync($$"""{"ok":true,"expiresAt":"{{beaten.ExpiresAt.ToDateTime():yyyy-MM-ddTHH:mm:ss.fffZ}}"}""", context.RequestAborted);
        });
        await app.StartAsync(cancellation);
        Console.WriteLine($"listening http=127.0.0.1:{new Uri(app.Urls.First()).Port}");
        await app.WaitForShutdownAsync(cancellation);
    }
}
