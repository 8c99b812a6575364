using Coordinator.Client;
using EndToEnd.Tests.Harness;
using System.Globalization;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>A worker whose scripts emit events that are numbered from 1 on, in order, until it is disposed of.</summary>
internal sealed class Numbers : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);
    private readonly CancellationTokenSource _over = new();
    private readonly CoordinatorClient _client;
    private readonly WorkerSession _session;
    private readonly string[] _scripts;
    private long _last;
    private Task _emitting = Task.CompletedTask;

    private Numbers(CoordinatorClient client, WorkerSession session, string[] scripts) => (_client, _session, _scripts) = (client, session, scripts);

    /// <summary>The number that was emitted last.</summary>
    public long Last => Interlocked.Read(ref _last);

    public static async Task<Numbers> StartAsync(CoordinatorProcess coordinator, params string[] scripts)
    {
        var client = coordinator.Client();
        var numbers = new Numbers(client, await client.StartWorkerAsync(new() { WorkerId = scripts[0], Scripts = scripts }), scripts);
        numbers._emitting = Task.Run(numbers.EmitAsync);
        return numbers;
    }

    /// <summary>The number of a message of a tail, or of the frame of a live tail that shows the whole message.</summary>
    public static long Of(JsonElement message) =>
        long.Parse(new Uri(message.GetProperty("event").GetProperty("request").GetProperty("url").GetString()!).Segments[1], CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _emitting;
        await _session.DisposeAsync();
        await _client.DisposeAsync();
        _over.Dispose();
    }

    // Every other one is of another method, and says so in its log.
    private async Task EmitAsync()
    {
        using var timer = new PeriodicTimer(Tick, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(_over.Token))
            {
                var number = Interlocked.Increment(ref _last);
                var (method, line) = number % 2 == 0 ? ("GET", "an even one") : ("POST", "an odd one");
                var request = new RequestTrigger($"https://example.test/{number}", method);
                foreach (var script in _scripts)
                {
                    _session.Traces(script).Publish(() => new() { Event = request, Logs = [new(TraceLevel.Log, line)] });
                }
            }
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // Enough.
        }
    }
}
