using Coordinator.Client;
using Coordinator.V1;
using EndToEnd.Tests.Harness;
using Google.Protobuf;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace EndToEnd.Tests.Tails;

/// <summary>A worker that ships exactly the frames that it is told to, and beats for its lease all the while.</summary>
internal sealed class CrowdWorker : IAsyncDisposable
{
    public const string Script = "crowded";
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(200);
    private readonly RawStream _stream;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly CancellationTokenSource _over = new();
    private Task _beating = Task.CompletedTask;
    private long _number;

    private CrowdWorker(RawStream stream) => _stream = stream;

    /// <summary>The number of the small event that was shipped last.</summary>
    public long Last => Interlocked.Read(ref _number);

    public int Acks { get; private set; }

    /// <summary>From a heartbeat to its ack, which renews the lease.</summary>
    public TimeSpan SlowestAck { get; private set; }

    public static async Task<CrowdWorker> StartAsync(CoordinatorProcess coordinator)
    {
        var stream = new RawStream(coordinator);
        await stream.SendAsync(new() { Hello = new() { WorkerId = "crowded", Scripts = { Script } } });
        await stream.NextAsync(ConnectResponse.FrameOneofCase.Welcome);
        await stream.AcquireAsync("crowded/lease");
        var worker = new CrowdWorker(stream);
        worker._beating = Task.Run(worker.BeatAsync);
        return worker;
    }

    /// <summary>One frame of small numbered events, for every tail.</summary>
    public Task ShipAsync(int events) => ShipAsync(Enumerable.Range(0, events).Select(_ =>
        $$"""{"event":{"request":{"url":"https://example.test/{{Interlocked.Increment(ref _number)}}","method":"POST"} },"outcome":"ok"}"""));

    /// <summary>One frame of large events, for the tails without a filter.</summary>
    public Task ShipLargeAsync(int events, int bytes)
    {
        var line = new string('x', bytes);
        return ShipAsync(Enumerable.Repeat($$"""{"event":{"request":{"url":"https://example.test/0","method":"GET"} },"logs":[{"message":["{{line}}"],"level":"log"}],"outcome":"ok"}""", events));
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _beating;
        _stream.Dispose();
        _writing.Dispose();
        _over.Dispose();
    }

    private Task ShipAsync(IEnumerable<string> events) => SendAsync(new() { Traces = new() { Script = Script, Events = { events.Select(ByteString.CopyFromUtf8) } } });

    private async Task SendAsync(ConnectRequest frame)
    {
        await _writing.WaitAsync();
        try
        {
            await _stream.SendAsync(frame);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(Beat, TimeProvider.System);
        for (var sequence = 1L; !_over.IsCancellationRequested; sequence++)
        {
            var sent = Stopwatch.GetTimestamp();
            await SendAsync(new() { Heartbeat = new() { Sequence = sequence, All = true } });
            var ack = (await _stream.NextAsync(ConnectResponse.FrameOneofCase.HeartbeatAck)).HeartbeatAck;
            Assert.Equal((sequence, 1), (ack.Sequence, ack.Renewed));
            var took = Stopwatch.GetElapsedTime(sent);
            (SlowestAck, Acks) = (took > SlowestAck ? took : SlowestAck, Acks + 1);
            try
            {
                await timer.WaitForNextTickAsync(_over.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
