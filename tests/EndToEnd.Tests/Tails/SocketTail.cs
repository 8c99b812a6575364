using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Text;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>A tail or live tail that was started through a gateway, and its socket.</summary>
internal sealed class SocketTail : IAsyncDisposable
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(30);

    private SocketTail(string id, string path, RawSocket socket) => (Id, Path, Socket) = (id, path, socket);

    /// <summary>Of a script's tail.</summary>
    public string Id { get; }

    /// <summary>Of its URL.</summary>
    public string Path { get; }

    public RawSocket Socket { get; }

    /// <summary>The messages that were read, in order.</summary>
    public List<JsonElement> Messages { get; } = [];

    public static async Task<SocketTail> StartAsync(Rest rest, GatewayProcess gateway, string script, params object[] filters)
    {
        var started = (await rest.OkAsync(TailWorld.Tails(script), new { filters })).GetProperty("result");
        return await OpenAsync(gateway, started.GetProperty("url").GetString()!, started.GetProperty("id").GetString()!);
    }

    /// <param name="script">Null for every script of the account.</param>
    public static async Task<SocketTail> StartLiveAsync(Rest rest, GatewayProcess gateway, string tenant, string? script, params object[] filters)
    {
        var opened = await rest.OkAsync(LivePath(tenant), script is null ? new { filters } : new { scriptId = script, filters });
        return await OpenAsync(gateway, opened.GetProperty("result").GetProperty("wsUrl").GetString()!, "");
    }

    /// <summary>Where live tails of an account are opened.</summary>
    public static string LivePath(string tenant) => $"/client/v4/accounts/{tenant}/workers/observability/telemetry/live-tail";

    /// <summary>Another connection to the same tail.</summary>
    public Task<SocketTail> AgainAsync(GatewayProcess gateway) => OpenAsync(gateway, new Uri(gateway.Address, Path).ToString(), Id);

    /// <summary>Reads until a message fits.</summary>
    public async Task<JsonElement> ReadAsync(Func<JsonElement, bool> fits)
    {
        while (true)
        {
            Messages.Add(JsonDocument.Parse(await Socket.ReadTextAsync()).RootElement);
            if (fits(Messages[^1]))
            {
                return Messages[^1];
            }
        }
    }

    /// <summary>Reads until the gateway closes.</summary>
    public async Task<(int Code, string Reason)> ReadCloseAsync()
    {
        while (true)
        {
            var frame = await Socket.ReadAsync();
            if (frame.First == RawSocket.Close)
            {
                return RawSocket.ClosingOf(frame);
            }

            Messages.Add(JsonDocument.Parse(Encoding.UTF8.GetString(frame.Payload)).RootElement);
        }
    }

    public ValueTask DisposeAsync() => Socket.DisposeAsync();

    private static async Task<SocketTail> OpenAsync(GatewayProcess gateway, string url, string id)
    {
        var path = new Uri(url).AbsolutePath;
        var socket = await RawSocket.OpenAsync(gateway.Address, path);
        Assert.Equal(101, socket.Status);
        (socket.Within, socket.AnswersPings) = (Within, true);
        return new(id, path, socket);
    }
}
