using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Servers;
using Benchmarks.Subjects;
using Coordinator.V1;
using Grpc.Core;

namespace Benchmarks.Suites;

/// <summary>What being watched costs a worker: its acks without a tail, and with a hundred of which ten do not read.</summary>
internal sealed class TailSuite : ISuite
{
    private const int StalledOf = 10;

    public string Name => "tails";

    public async IAsyncEnumerable<Row> RunAsync(Bench bench)
    {
        var tails = bench.Timing.Count(100, 20);
        bench.Say($"a worker with {tails} tails, {tails / StalledOf} of which are not read");
        var coordinator = await bench.Fleet.CoordinatorAsync().ConfigureAwait(false);
        using var channels = new Channels(coordinator, 1);
        using var readers = new Channels(coordinator, 10);
        await using var quiet = new Producer(await WorkerStream.OpenAsync(channels.Next(), "quiet", 1, script: "quiet").ConfigureAwait(false), "quiet");
        await using var watched = new Producer(await WorkerStream.OpenAsync(channels.Next(), "watched", 1, script: "watched").ConfigureAwait(false), "watched");
        var client = new Tails.TailsClient(channels.Next());
        var reading = new List<Reader>();
        for (var i = 0; i < tails; i++)
        {
            var tail = await client.StartAsync(new() { AccountId = Fleet.Tenant, ScriptName = "watched", Origin = "ws://localhost" }, Channels.Headers).ConfigureAwait(false);
            reading.Add(await Reader.AttachAsync(readers, tail.Url[(tail.Url.LastIndexOf('/') + 1)..], stalled: i % StalledOf == 0).ConfigureAwait(false));
        }

        foreach (var row in await Contest.RunAsync(bench, [new("watched", watched.MeasureAsync), new("quiet", quiet.MeasureAsync)],
            new Line($"acks of a worker with {tails} tails, {tails / StalledOf} stalled, p99", Metric.P99, "ms", "watched", null, "quiet", "within 5 % of none", row => row.ToLimit!.Median <= 1.05)).ConfigureAwait(false))
        {
            yield return row;
        }

        if (reading.FirstOrDefault(one => !one.Stalled && one.Frames == 0) is not null)
        {
            throw new InvalidOperationException("A tail that was read has seen nothing.");
        }

        foreach (var one in reading)
        {
            await one.DisposeAsync().ConfigureAwait(false);
        }
    }

    private sealed class Reader : IAsyncDisposable
    {
        private readonly AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse> _call;
        private readonly Task _reading;

        private Reader(AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse> call, bool stalled) =>
            (_call, Stalled, _reading) = (call, stalled, stalled ? Task.CompletedTask : ReadAsync(call));

        public bool Stalled { get; }

        public long Frames { get; private set; }

        public static async Task<Reader> AttachAsync(Channels channels, string capability, bool stalled)
        {
            var call = new Tails.TailsClient(channels.Next()).Attach(Channels.Headers);
            await call.RequestStream.WriteAsync(new() { Capability = capability }).ConfigureAwait(false);
            return new(call, stalled);
        }

        public async ValueTask DisposeAsync()
        {
            _call.Dispose();
            await _reading.ConfigureAwait(false);
        }

        private async Task ReadAsync(AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse> call)
        {
            try
            {
                while (await call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
                {
                    Frames += call.ResponseStream.Current.Frames.Count;
                }
            }
            catch (RpcException ended) when (ended.StatusCode == StatusCode.Cancelled)
            {
                // Disposed: nobody reads on.
            }
        }
    }
}
