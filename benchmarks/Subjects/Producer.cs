using Benchmarks.Load;
using Coordinator.V1;
using Google.Protobuf;

namespace Benchmarks.Subjects;

/// <summary>A worker that beats one after the other and ships, whether or not somebody reads, a hundred events of its script a second.</summary>
internal sealed class Producer(WorkerStream stream, string script) : IAsyncDisposable
{
    private const int EventsPerFrame = 5;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);
    private static readonly ByteString Event = ByteString.CopyFromUtf8(
        $$$"""{"outcome":"ok","logs":[{"message":["{{{new string('x', 200)}}}"],"level":"log"}],"event":{"rpcMethod":"work"}}""");

    private readonly Writes _writes = new(stream);
    private readonly ConnectRequest _frame = new() { Traces = new() { Script = script, Events = { Enumerable.Repeat(Event, EventsPerFrame) } } };

    /// <summary>Ships for as long as its heartbeats are measured.</summary>
    public async Task<Sample> MeasureAsync(Timing timing)
    {
        using var over = new CancellationTokenSource();
        var shipping = ShipAsync(over.Token);
        var sample = await BeatLoad.RunAsync([_writes], 1, [], timing).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        await shipping.ConfigureAwait(false);
        return sample;
    }

    public ValueTask DisposeAsync() => _writes.DisposeAsync();

    /// <summary>
    /// Ships a number of frames, one behind the other. At the pace of a measured round the server's rarely run code would still be compiled, beside
    /// the acks, for half a minute.
    /// </summary>
    public async Task WarmUpAsync(int frames)
    {
        for (var i = 0; i < frames; i++)
        {
            await _writes.SendAsync(_frame).ConfigureAwait(false);
        }
    }

    private async Task ShipAsync(CancellationToken over)
    {
        using var timer = new PeriodicTimer(Between);
        try
        {
            while (await timer.WaitForNextTickAsync(over).ConfigureAwait(false))
            {
                await _writes.SendAsync(_frame).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The round is over.
        }
    }

    /// <summary>A stream is written by one at a time.</summary>
    private sealed class Writes(WorkerStream stream) : IBeats
    {
        private readonly SemaphoreSlim _one = new(1);

        public int Operations => stream.Operations;

        public Task AskAsync() => InTurnAsync(stream.AskAsync);

        public Task SendAsync(ConnectRequest frame) => InTurnAsync(() => stream.SendAsync(frame));

        public Task AnswerAsync() => stream.AnswerAsync();

        public ValueTask DisposeAsync()
        {
            _one.Dispose();
            return stream.DisposeAsync();
        }

        private async Task InTurnAsync(Func<Task> writeAsync)
        {
            await _one.WaitAsync().ConfigureAwait(false);
            try
            {
                await writeAsync().ConfigureAwait(false);
            }
            finally
            {
                _one.Release();
            }
        }
    }
}
