using Coordinator.Gateway.OpenApi;
using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Tails;
using Coordinator.Gateway.Transcoding;
using Coordinator.Gateway.Transcoding.Calls;
using Coordinator.Gateway.Transcoding.Routes;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.Logging.Console;
using System.Net;
using System.Text;

namespace Coordinator.Gateway;

/// <summary>One gateway: the listener and its routes.</summary>
internal static class GatewayHost
{
    private const long MaxBodyBytes = 1 << 20;
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(8);

    /// <summary>Throws an <see cref="InvalidOperationException"/> where the protos cannot be shown as they say.</summary>
    /// <param name="files">The protos whose services are shown; null for those of the coordinator.</param>
    public static WebApplication Build(GatewayOptions options, IReadOnlyList<FileDescriptor>? files = null, Action<WebApplicationBuilder>? configure = null)
    {
        var routes = new RouteTable(files ?? Services.Files, options.BareTailsList);
        var description = new OpenApiDocument(routes);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // Says when requests begin and end, and for that makes each of them an activity: nobody listens.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopWithin);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.HttpPort);
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            // Any octet may stand in a header: what it means is judged where the header is used.
            kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        });
        builder.Services
            .AddSingleton(options)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(routes)
            .AddSingleton<HealthProbe>()
            .AddSingleton<ClientAddress>()
            .AddSingleton<Caller>()
            .AddSingleton<Coordinators>()
            .AddSingleton<Drain>()
            .AddSingleton<Filling>()
            .AddSingleton<EventStream>()
            .AddSingleton<Transcoder>()
            .AddSingleton<TailEndpoint>();
        configure?.Invoke(builder);
        var app = builder.Build();
        var transcoder = app.Services.GetRequiredService<Transcoder>();
        var health = app.Services.GetRequiredService<HealthProbe>();
        var tails = app.Services.GetRequiredService<TailEndpoint>();
        app.Run(http =>
        {
            var target = RequestTarget.Of(http);
            return target.Path switch
            {
                "/healthz" => GetAsync(http, health.AnswerAsync),
                "/openapi.json" => GetAsync(http, context => Answers.WriteAsync(context, StatusCodes.Status200OK, description.Utf8)),
                _ => TailAddress.Of(target) is { } tail ? tails.AnswerAsync(http, tail) : transcoder.AnswerAsync(http),
            };
        });
        return app;
    }

    private static Task GetAsync(HttpContext http, Func<HttpContext, Task> answer) =>
        HttpMethods.IsGet(http.Request.Method)
            ? answer(http)
            : Answers.WriteAsync(http, Envelopes.Default, Failure.WrongMethod([HttpMethods.Get]), null);
}
