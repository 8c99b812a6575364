using Coordinator.Gateway;
using Coordinator.V1;
using Gateway.Tests.V1;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Tests.Harness;

/// <summary>A real gateway on a free loopback port, in this process, before a fake coordinator.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    public static readonly FileDescriptor[] Files =
        [RunsReflection.Descriptor, WorkersReflection.Descriptor, TunnelsReflection.Descriptor, TailsReflection.Descriptor, LibraryReflection.Descriptor];

    private readonly WebApplication _app;

    private RunningGateway(WebApplication app, FakeCoordinator coordinator, LogLines log)
    {
        (_app, Coordinator, Log) = (app, coordinator, log);
        Address = new(app.Urls.First());
        Http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Address };
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public FakeCoordinator Coordinator { get; }

    public LogLines Log { get; }

    public static async Task<RunningGateway> StartAsync(Action<GatewayOptions>? configure = null, TimeProvider? time = null)
    {
        var coordinator = await FakeCoordinator.StartAsync();
        var options = new GatewayOptions { HttpPort = 0, Coordinators = [coordinator.Address] };
        configure?.Invoke(options);
        var log = new LogLines();
        var app = GatewayHost.Build(options, Files, builder =>
        {
            builder.Logging.ClearProviders().AddProvider(log);
            builder.Services.AddSingleton(time ?? TimeProvider.System);
        });
        await app.StartAsync();
        return new(app, coordinator, log);
    }

    public Task StopAsync() => _app.StopAsync();

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, string json, string contentType = "application/json") =>
        SendAsync(HttpMethod.Post, path, json, contentType);

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body = null, string? contentType = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (contentType is not null)
            {
                request.Content.Headers.TryAddWithoutValidation("content-type", contentType);
            }
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Http.SendAsync(request);
        var fields = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new((int)response.StatusCode, await response.Content.ReadAsStringAsync(), fields);
    }

    /// <summary>Exactly these octets in one connection; the status line and everything behind it, once the gateway closes.</summary>
    public async Task<string> RawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Address.Host, Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(10));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await Coordinator.DisposeAsync();
    }
}

/// <summary>What came back.</summary>
internal sealed record Answer(int Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
