using Coordinator.Client;
using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Net.WebSockets;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>Readers that stand still while a worker emits far more than their tails can carry: what they miss is counted, and told.</summary>
[Collection(TailCollection.Name)]
public sealed class OverloadTests(TailWorld world)
{
    private const string Script = "flooded-worker";
    private const string Began = "Tail is currently in sampling mode due to the high volume of messages.";
    private const string Ended = "Tail has exited sampling mode and is no longer dropping messages.";

    // Several times what all buffers on the way hold, sockets included.
    private const int Events = 800;
    private const int LineBytes = 60_000;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task Flood_ReadersStandStill_AreToldOfOverloadAndOfItsEnd()
    {
        await using var client = world.Coordinator.Client();
        await using var session = await client.StartWorkerAsync(new() { WorkerId = "flood", Scripts = [Script] });
        var traces = session.Traces(Script);
        await using var pretty = new Wrangler(world.Gateway, ["--format", "pretty"], script: Script, release: Wrangler.Newer);
        await using var older = new Wrangler(world.Gateway, ["--format", "json"], script: Script);
        using var late = new CancellationTokenSource(Bound);
        using var socket = await OpenAsync(late.Token);
        await Eventually.TrueAsync(() => traces.Tails == 3, Bound, "all of them read");
        await pretty.ShowsAsync("Connected to flooded-worker", Bound);
        await older.EventsAsync(
            seen =>
            {
                traces.Publish(() => new() { Event = new RpcTrigger("before") });
                return seen.Count > 0;
            },
            Bound,
            "it reads");

        pretty.Process.Send(Signal.Stop);
        older.Process.Send(Signal.Stop);
        await FloodAsync(traces);
        pretty.Process.Send(Signal.Continue);
        older.Process.Send(Signal.Continue);

        var read = await ReadAsync(socket, late.Token);
        Assert.Equal(["overload", "overload-stop"], read.Notices.Select(notice => notice.GetProperty("type").GetString()));
        var dropped = read.Notices[^1].GetProperty("dropped").GetInt64();
        // The worker itself drops where it is not given the time to write, and counts that too.
        var came = Events - traces.Dropped;
        Assert.Equal(came, read.Flood + dropped);
        Assert.InRange(dropped, 1, came - 1);

        await pretty.ShowsAsync(Ended, Bound);
        Assert.Equal((1, 1), (pretty.Shown(Began), pretty.Shown(Ended)));
        var events = await older.EventsAsync(seen => seen.Any(one => IsNotice(one, "overload-stop")), Bound, "it is told");
        Assert.Single(events, one => IsNotice(one, "overload"));
        var told = events.Single(one => IsNotice(one, "overload-stop")).GetProperty("event").GetProperty("dropped").GetInt64();
        Assert.Equal(came, told + events.Count(one => one.GetProperty("logs").GetArrayLength() > 0));
    }

    // At a pace that a worker can keep to.
    private static async Task FloodAsync(TracePublisher traces)
    {
        var line = new string('x', LineBytes);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var sent = 0; sent < Events && await pace.WaitForNextTickAsync();)
        {
            for (var end = Math.Min(sent + 6, Events); sent < end; sent++)
            {
                traces.Publish(() => new() { Event = new RpcTrigger("flood"), Logs = [new(TraceLevel.Log, line)] });
            }
        }
    }

    private async Task<ClientWebSocket> OpenAsync(CancellationToken late)
    {
        using var rest = new Rest(world.Gateway.Address, CoordinatorProcess.Token);
        var tail = (await rest.OkAsync(TailWorld.Tails(Script), new { })).GetProperty("result");
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("trace-v1");
        await socket.ConnectAsync(new(tail.GetProperty("url").GetString()!), late);
        return socket;
    }

    // To the notice that it is over.
    private static async Task<(int Flood, List<JsonElement> Notices)> ReadAsync(ClientWebSocket socket, CancellationToken late)
    {
        var (flood, notices, octets) = (0, new List<JsonElement>(), new byte[256 * 1024]);
        while (!notices.Exists(notice => notice.GetProperty("type").GetString() == "overload-stop"))
        {
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(octets.AsMemory(length), late);
                length += part.Count;
            }
            while (!part.EndOfMessage);

            Assert.Equal(WebSocketMessageType.Text, part.MessageType);
            var message = JsonDocument.Parse(octets.AsSpan(0, length).ToArray()).RootElement;
            flood += message.GetProperty("logs").GetArrayLength();
            if (message.GetProperty("event").TryGetProperty("type", out _))
            {
                notices.Add(message.GetProperty("event"));
            }
        }

        return (flood, notices);
    }

    private static bool IsNotice(JsonElement message, string type) =>
        message.GetProperty("event").TryGetProperty("type", out var named) && named.GetString() == type;
}
