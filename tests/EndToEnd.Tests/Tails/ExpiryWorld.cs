using EndToEnd.Tests.Harness;
using System.Diagnostics;
using System.Net.WebSockets;

namespace EndToEnd.Tests.Tails;

/// <summary>A world whose tails last for seconds, and those who have begun to read one.</summary>
public sealed class ExpiryWorld : TailWorld
{
    /// <summary>How long a tail lasts.</summary>
    internal static readonly TimeSpan Life = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    public ExpiryWorld()
        : base("--tail-ttl-seconds", $"{Life.TotalSeconds}")
    {
    }

    internal Wrangler Pretty { get; private set; } = null!;

    internal Wrangler Json { get; private set; } = null!;

    internal Wrangler Older { get; private set; } = null!;

    /// <summary>One that was closed, and how long its tail had lasted then.</summary>
    internal Task<(WebSocket Socket, TimeSpan Lasted)> Socket { get; private set; } = null!;

    protected override async Task StartAsync()
    {
        await base.StartAsync();
        Socket = ReadToEndAsync();
        AtEnd(async () => (await Socket).Socket.Dispose());
        Pretty = Part(new Wrangler(Gateway, ["--format", "pretty"], release: Wrangler.Newer));
        Json = Part(new Wrangler(Gateway, ["--format", "json"], release: Wrangler.Newer));
        Older = Part(new Wrangler(Gateway, ["--format", "pretty"]));
    }

    private async Task<(WebSocket, TimeSpan)> ReadToEndAsync()
    {
        using var late = new CancellationTokenSource(Bound);
        using var rest = new Rest(Gateway.Address, CoordinatorProcess.Token);
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("trace-v1");
        var clock = Stopwatch.StartNew();
        var tail = (await rest.OkAsync(Tails(), new { })).GetProperty("result");
        await socket.ConnectAsync(new(tail.GetProperty("url").GetString()!), late.Token);
        var octets = new byte[64 * 1024];
        while ((await socket.ReceiveAsync(octets, late.Token)).MessageType != WebSocketMessageType.Close)
        {
            // What it is sent is of no interest here.
        }

        return (socket, clock.Elapsed);
    }
}
