using Coordinator.Client;
using Coordinator.Testing;
using EndToEnd.Tests.Harness;

namespace EndToEnd.Tests.Tails;

/// <summary>A script that emits three thousand events a second, and its tails, each pinged at a pace of its own. They are busy from their start on.</summary>
internal sealed class BusyTails : IAsyncDisposable
{
    private const string Script = "busy";
    private const int PerTick = 30;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    // What a tail's usual client does: it pings this often, and takes a pong that is not there by the next ping for a broken connection.
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan[] Paces = [Usual, TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(200)];
    private readonly CancellationTokenSource _over = new(Length);
    private readonly CancellationTokenSource _quiet = new();
    private readonly List<PingedSocket> _sockets = [];

    private BusyTails()
    {
    }

    /// <summary>How long they are watched.</summary>
    public static TimeSpan Length { get; } = LongRun.IsAsked ? TimeSpan.FromMinutes(10) : TimeSpan.FromMinutes(1);

    public IReadOnlyList<PingedSocket> Sockets => _sockets;

    /// <summary>Completes when they were watched long enough; fails where a ping was not answered in time.</summary>
    public Task Over { get; private set; } = Task.CompletedTask;

    public static async Task<BusyTails> StartAsync(WorkerSession session, GatewayProcess gateway, string token)
    {
        var busy = new BusyTails();
        using var rest = new Rest(gateway.Address, token);
        foreach (var every in Paces)
        {
            var socket = await SocketTail.StartAsync(rest, gateway, Script);
            busy._sockets.Add(new(socket.Socket, every));
        }

        busy.Over = busy.RunAsync(session.Traces(Script));
        return busy;
    }

    public static string Name => Script;

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await Over.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var socket in _sockets)
        {
            await socket.DisposeAsync();
        }

        _over.Dispose();
        _quiet.Dispose();
    }

    private async Task RunAsync(TracePublisher traces)
    {
        var emitting = EmitAsync(traces);
        try
        {
            await Task.WhenAll(_sockets.Select(socket => socket.RunAsync(Usual, _over.Token)));
        }
        finally
        {
            await _quiet.CancelAsync();
            await emitting;
        }
    }

    // Each with a line of a kilobyte.
    private async Task EmitAsync(TracePublisher traces)
    {
        var line = new string('x', 1_024);
        using var timer = new PeriodicTimer(Tick, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(_quiet.Token))
            {
                for (var i = 0; i < PerTick; i++)
                {
                    traces.Publish(() => new() { Event = new RpcTrigger("busy"), Logs = [new(TraceLevel.Log, line)] });
                }
            }
        }
        catch (OperationCanceledException) when (_quiet.IsCancellationRequested)
        {
            // Every ping is answered.
        }
    }
}
