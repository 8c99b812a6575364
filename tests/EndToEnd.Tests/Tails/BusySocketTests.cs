using Coordinator.Client;
using EndToEnd.Tests.Harness;
using System.Net.WebSockets;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace EndToEnd.Tests.Tails;

/// <summary>A tail of thousands of events a second still answers pings.</summary>
[Collection(TailCollection.Name)]
public sealed class BusySocketTests(TailWorld world)
{
    private const string Script = "busy";
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(6);

    [Fact]
    public async Task Pings_OfABusyTail_AreAllAnsweredInTime()
    {
        using var late = new CancellationTokenSource(Busy * 4);
        using var rest = new Rest(world.Gateway.Address, CoordinatorProcess.Token);
        await using var client = world.Coordinator.Client();
        await using var session = await client.StartWorkerAsync(new() { WorkerId = "busy", Scripts = [Script] });
        var tail = (await rest.OkAsync(TailWorld.Tails(Script), new { })).GetProperty("result");
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("trace-v1");
        // The socket fails where the pong to a ping, with the ping's payload, is not there in time.
        (socket.Options.KeepAliveInterval, socket.Options.KeepAliveTimeout) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2));
        await socket.ConnectAsync(new(tail.GetProperty("url").GetString()!), late.Token);
        Assert.Equal("trace-v1", socket.SubProtocol);

        using var over = CancellationTokenSource.CreateLinkedTokenSource(late.Token);
        var emitting = EmitAsync(session.Traces(Script), over.Token);
        var clock = Stopwatch.StartNew();
        var (frames, octets) = (0, new byte[64 * 1024]);
        while (clock.Elapsed < Busy)
        {
            var received = await socket.ReceiveAsync(octets, late.Token);
            Assert.Equal(WebSocketMessageType.Text, received.MessageType);
            frames += received.EndOfMessage ? 1 : 0;
        }

        await over.CancelAsync();
        await emitting;
        Assert.Equal(WebSocketState.Open, socket.State);
        Assert.True(frames > 5_000, $"The tail was not busy: {frames} frames in {Busy}.");
    }

    // Five thousand events a second, each with a line of a kilobyte.
    private static async Task EmitAsync(TracePublisher traces, CancellationToken over)
    {
        var line = new string('x', 1_024);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                for (var i = 0; i < 50; i++)
                {
                    traces.Publish(() => new() { Event = new RpcTrigger("busy"), Logs = [new(TraceLevel.Log, line)] });
                }
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // It has been busy for long enough.
        }
    }
}
