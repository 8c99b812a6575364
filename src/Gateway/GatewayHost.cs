using System.Net;

namespace Coordinator.Gateway;

/// <summary>One gateway: the listener and its routes.</summary>
internal static class GatewayHost
{
    private const string RetryAfterSeconds = "1";

    public static WebApplication Build(GatewayOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.HttpPort);
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MaxRequestBodySize = 1 << 20;
        });
        builder.Services.AddSingleton(options).AddSingleton<HealthProbe>();
        var app = builder.Build();
        app.MapGet("/healthz", HealthAsync);
        app.MapFallback(context => AnswerAsync(context, StatusCodes.Status404NotFound, new(false, "There is nothing at this path.")));
        return app;
    }

    private static async Task HealthAsync(HttpContext context, HealthProbe probe)
    {
        var fault = await probe.FindFaultAsync(context.RequestAborted);
        if (fault is not null)
        {
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
        }

        await AnswerAsync(context, fault is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, new(fault is null, fault));
    }

    private static Task AnswerAsync(HttpContext context, int status, Answer answer)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(answer, s_json, "application/json");
    }

    private static readonly System.Text.Json.JsonSerializerOptions s_json = new(System.Text.Json.JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    private sealed record Answer(bool Ok, string? Error);
}
