using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using System.Net;

namespace StandIns.Tests.Calls;

/// <summary>The genuine server on a free loopback port, in clear text, with a genuine client's channel to it.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    /// <summary>No wait in these tests takes longer than this.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly WebApplication _app;

    private LoopbackServer(WebApplication app)
    {
        _app = app;
        Channel = GrpcChannel.ForAddress(Address);
    }

    public GrpcChannel Channel { get; }

    public string Address => _app.Urls.Single();

    public static async Task<LoopbackServer> StartAsync(
        Handlers handlers, Action<GrpcServiceOptions>? configure = null, Action<IEndpointRouteBuilder>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(handlers);
        builder.Services.AddGrpc(configure ?? (_ => { }));
        var app = builder.Build();
        (map ?? MapAll)(app);
        await app.StartAsync();
        return new LoopbackServer(app);
    }

    /// <summary>A handler's own signal that a test waits on, bounded.</summary>
    public static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits for the end of a call that must fail, and gives its status.</summary>
    public static async Task<RpcException> FailureAsync(Task call) =>
        await Assert.ThrowsAsync<RpcException>(() => call.WaitAsync(Bound));

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _app.DisposeAsync();
    }

    private static void MapAll(IEndpointRouteBuilder routes)
    {
        routes.MapGrpcService<HealthHandlers>();
        routes.MapGrpcService<DuplexHandlers>();
        routes.MapGrpcService<UploadHandlers>();
    }
}
