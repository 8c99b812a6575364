using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Net.WebSockets;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>Gateways that are killed while tails are read through them. Tails outlive their readers here by the usual half a minute.</summary>
public sealed class GatewayDeathTests(GatewayDeathTests.World world) : IClassFixture<GatewayDeathTests.World>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task Wrangler_GatewayKilledAndStarted_GoesOnByItselfAndInterruptedLeavesNoTail()
    {
        await using var gateway = await GatewayProcess.StartAsync(world.Coordinator);
        await using var wrangler = new Wrangler(gateway, ["--format", "json"], release: Wrangler.Newer);
        await using var older = Wrangler.Json(gateway);
        await wrangler.EventsAsync(seen => seen.Count > 0, Bound, "an event is shown");
        await older.EventsAsync(seen => seen.Count > 0, Bound, "an event is shown");
        await KillAsync(gateway);
        // The older one knows no second try, and ends.
        await older.Process.ExitAsync(Bound);
        await using var again = await GatewayProcess.StartAtAsync(gateway.Port, [world.Coordinator.Address]);
        var before = wrangler.Events().Count;
        var events = await wrangler.EventsAsync(seen => seen.Count >= before + 2, Bound, "two more events are shown");
        var times = events.Select(one => one.GetProperty("eventTimestamp").GetInt64()).ToList();
        Assert.Equal(times.Distinct().Order(), times);

        // It deletes its tail before it exits: long before a tail without a reader would be gone.
        using var rest = new Rest(again.Address, CoordinatorProcess.Token);
        var newest = (await TailsAsync(rest))[0];
        wrangler.Process.Send(Signal.Interrupt);
        Assert.Equal(0, await wrangler.Process.ExitAsync(Bound));
        Assert.DoesNotContain(newest, await TailsAsync(rest));
    }

    [Fact]
    public async Task Socket_GatewayKilled_GoesOnThroughAnother()
    {
        await using var gateway = await GatewayProcess.StartAsync(world.Coordinator);
        using var rest = new Rest(gateway.Address, CoordinatorProcess.Token);
        var url = new Uri((await rest.OkAsync(TailWorld.Tails(), new { })).GetProperty("result").GetProperty("url").GetString()!);
        using var late = new CancellationTokenSource(Bound);
        using var socket = await OpenAsync(url, late.Token);
        var last = await TimeAsync(socket, late.Token);
        await KillAsync(gateway);
        await Assert.ThrowsAnyAsync<WebSocketException>(async () =>
        {
            while (true)
            {
                last = await TimeAsync(socket, late.Token);
            }
        });
        // The same tail, as another gateway reaches it.
        using var other = await OpenAsync(new UriBuilder(url) { Port = world.Gateway.Port }.Uri, late.Token);
        var (next, afterwards) = (await TimeAsync(other, late.Token), await TimeAsync(other, late.Token));
        Assert.True(last < next && next < afterwards, $"Out of order: {last}, {next}, {afterwards}.");
    }

    private static async Task KillAsync(GatewayProcess gateway)
    {
        gateway.Process.Send(Signal.Kill);
        await gateway.Process.ExitAsync(Bound);
    }

    private static async Task<List<string>> TailsAsync(Rest rest) =>
        [.. (await rest.GetAsync(TailWorld.Tails())).Json.GetProperty("result").GetProperty("tails").EnumerateArray().Select(tail => tail.GetProperty("id").GetString()!)];

    private static async Task<ClientWebSocket> OpenAsync(Uri url, CancellationToken late)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("trace-v1");
        await socket.ConnectAsync(url, late);
        return socket;
    }

    // When the next event that is sent was emitted.
    private static async Task<long> TimeAsync(ClientWebSocket socket, CancellationToken late)
    {
        var octets = new byte[64 * 1024];
        var frame = await socket.ReceiveAsync(octets, late);
        Assert.Equal((WebSocketMessageType.Text, true), (frame.MessageType, frame.EndOfMessage));
        return JsonDocument.Parse(octets.AsMemory(0, frame.Count)).RootElement.GetProperty("eventTimestamp").GetInt64();
    }

    /// <summary>With a gateway that lives.</summary>
    public sealed class World() : TailWorld([]);
}
