using Coordinator.Credentials;
using Coordinator.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using System.Collections.Concurrent;

namespace Coordinator.Tests.Services.Harness;

/// <summary>A real coordinator on a free loopback port, in this process, with clients of its services.</summary>
internal sealed class RunningHost : IAsyncDisposable
{
    public const string Token = "a token with spaces, as any string may be";
    public const string Tenant = "0123456789abcdef0123456789abcdef";
    private readonly WebApplication _app;

    private RunningHost(WebApplication app, TestCredentials credentials, LogLines log)
    {
        (_app, Credentials, Log) = (app, credentials, log);
        Address = new(app.Urls.First());
        Channel = GrpcChannel.ForAddress(Address, new() { MaxReceiveMessageSize = null, MaxSendMessageSize = null });
    }

    public Uri Address { get; }

    public GrpcChannel Channel { get; }

    public TestCredentials Credentials { get; }

    public LogLines Log { get; }

    public IServiceProvider Services => _app.Services;

    public IReadOnlyList<string> Methods => [.. Endpoints.Select(endpoint => endpoint.FullName)];

    /// <summary>Every method that is mapped, as the framework knows it.</summary>
    public IReadOnlyList<IMethod> Endpoints => [.. Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints
        .Select(endpoint => endpoint.Metadata.GetMetadata<Grpc.AspNetCore.Server.GrpcMethodMetadata>()?.Method).OfType<IMethod>()];

    public V1.Leases.LeasesClient Leases => new(Channel);

    public V1.Events.EventsClient Events => new(Channel);

    public V1.Runs.RunsClient Runs => new(Channel);

    public V1.Workers.WorkersClient Workers => new(Channel);

    public V1.Tails.TailsClient Tails => new(Channel);

    public V1.Tunnels.TunnelsClient Tunnels => new(Channel);

    public V1.Access.AccessClient Access => new(Channel);

    public V1.Sessions.SessionsClient Sessions => new(Channel);

    public Grpc.Health.V1.Health.HealthClient Health => new(Channel);

    /// <summary>The administrator's.</summary>
    public static Metadata Headers => Bearer(Token);

    public static Metadata Bearer(string token) => new() { { "authorization", $"Bearer {token}" } };

    public static async Task<RunningHost> StartAsync(Action<IServiceCollection>? configure = null, bool reflection = true, TimeProvider? time = null)
    {
        var (credentials, log) = (new TestCredentials(time ?? TimeProvider.System), new LogLines());
        credentials.Add(new(Tokens.Sha256(Token), CredentialKind.Admin, Tenant, "admin", null, new HashSet<string> { "*" }, null));
        var options = new CoordinatorOptions { GrpcPort = 0, Token = Token, Tenant = Tenant, Reflection = reflection, Drain = TimeSpan.Zero };
        var app = CoordinatorHost.Build(options, null, builder =>
        {
            builder.Logging.ClearProviders().AddProvider(log);
            builder.Services.AddSingleton<ICredentialStore>(credentials).AddSingleton(time ?? TimeProvider.System);
            configure?.Invoke(builder.Services);
        });
        await CoordinatorHost.StartAsync(app, options, CancellationToken.None);
        return new(app, credentials, log);
    }

    /// <summary>Stops the host as a signal would, and waits for it.</summary>
    public Task StopAsync() => _app.StopAsync();

    public Task<Lease> AcquireAsync(string resource, string holder = "holder", long ttlMs = 60_000, string operation = "") =>
        AcquireAsync(Headers, resource, holder, ttlMs, operation);

    public async Task<Lease> AcquireAsync(Metadata headers, string resource, string holder = "holder", long ttlMs = 60_000, string operation = "") =>
        (await Leases.AcquireAsync(new() { Resource = resource, Holder = holder, TtlMs = ttlMs, OperationId = operation }, headers)).Lease;

    public async Task<AppendResponse> AppendAsync(Lease lease, long sequence, params Event[] events)
    {
        var request = new AppendRequest { Resource = lease.Resource, Token = lease.Token, BatchSequence = sequence };
        request.Events.AddRange(events);
        return await Events.AppendAsync(request, Headers);
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

/// <summary>What was logged, exceptions included.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    public IEnumerable<string> At(LogLevel least) => _lines.Where(line => line.Level >= least).Select(line => line.Text);

    public ILogger CreateLogger(string categoryName) => this;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((logLevel, $"{formatter(state, exception)} {exception}"));

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Dispose()
    {
    }
}
