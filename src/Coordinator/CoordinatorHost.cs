using Coordinator.Credentials;
using Coordinator.Leases;
using Coordinator.Limits;
using Coordinator.Services;
using Coordinator.Sessions;
using Coordinator.Storage;
using Coordinator.Storage.Redis;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using System.Net.Sockets;

namespace Coordinator;

/// <summary>One coordinator: the store, the services, the listener.</summary>
internal static class CoordinatorHost
{
    private const int StreamsPerConnection = 1_000;

    /// <summary>Builds a host that is ready to start. The Redis connection is the caller's to dispose.</summary>
    public static WebApplication Build(CoordinatorOptions options, RedisStore? redis, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders().AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Grpc", LogLevel.Warning);
        // Says when requests begin and end, and for that makes each of them an activity: nobody listens.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // A start that fails is one sentence of StartAsync, not a stack; a background service that dies is critical here.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(9));

        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddOptions<StoreRetention>().ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<Sessions.SessionOptions>().Configure(session => session.Drain = options.Drain).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.Configure<Tunnels.TunnelOptions>(tunnels =>
        {
            tunnels.Domain = options.TunnelDomain;
            tunnels.MostActive = options.TunnelsPerAccount;
            tunnels.LeaseTtl = TimeSpan.FromSeconds(options.TunnelTtlSeconds);
        });
        builder.Services.Configure<Tails.TailOptions>(tails =>
        {
            tails.Life = TimeSpan.FromSeconds(options.TailTtlSeconds);
            tails.ReaderGrace = TimeSpan.FromSeconds(options.TailGraceSeconds);
            tails.LiveTtl = TimeSpan.FromSeconds(options.LiveTailTtlSeconds);
            tails.MostPerScript = options.TailsPerScript;
            tails.AheadOfWorkers = options.TailsAheadOfWorkers;
        });
        builder.Services.Configure<Workers.WorkerOptions>(workers => workers.PresenceTtl = TimeSpan.FromSeconds(options.PresenceTtlSeconds));
        if (redis is null)
        {
            builder.Services.AddEmbeddedStorage(Seeds(options));
        }
        else
        {
            builder.Services.AddRedisStorage(redis, Seeds(options));
        }

        builder.Services.AddSingleton(new LimitRules(options.RateLimitRuns, options.RateLimitTunnels, options.RateLimitExempt));
        builder.Services.AddSessions().AddCoordinatorServices(options.Reflection);
        configure?.Invoke(builder);

        var app = builder.Build();
        app.MapCoordinatorServices(options.Reflection);
        return app;
    }

    /// <summary>Starts to listen. Throws an <see cref="IOException"/> with one clear sentence where it cannot.</summary>
    public static async Task StartAsync(WebApplication app, CoordinatorOptions options, CancellationToken cancellation)
    {
        try
        {
            await app.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is SocketException or IOException { InnerException: AddressInUseException })
        {
            var why = fault is SocketException ? fault.Message : "the port is in use by another program, choose another with --grpc-port";
            throw new IOException($"Cannot listen on {options.Address}:{options.GrpcPort}: {why}.", fault);
        }
    }

    private static void Listen(KestrelServerOptions kestrel, CoordinatorOptions options)
    {
        kestrel.Listen(options.Address, options.GrpcPort, listen => listen.Protocols = HttpProtocols.Http2);
        kestrel.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(15);
        kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        // A worker stream is as slow as its worker; who does not read is cut by the session itself.
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
    }

    private static List<Credential> Seeds(CoordinatorOptions options)
    {
        var now = TimeProvider.System.GetUtcNow();
        var seeds = new List<Credential>
        {
            new(Tokens.Sha256(options.Token), CredentialKind.Admin, options.Tenant, "admin", null, new HashSet<string> { "*" }, null) { CreatedAt = now },
        };
        if (options.GatewayToken is { } gateway)
        {
            // It opens nothing: it only makes the client's address that comes with it believed.
            seeds.Add(new(Tokens.Sha256(gateway), CredentialKind.Gateway, options.Tenant, "gateway", null, new HashSet<string>(), null) { CreatedAt = now });
        }

        return seeds;
    }
}
