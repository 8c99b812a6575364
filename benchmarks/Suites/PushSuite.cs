using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Servers;
using Benchmarks.Subjects;
using Coordinator.V1;
using System.Diagnostics;
using Control = Coordinator.V1.Control.Types.Kind;

namespace Benchmarks.Suites;

/// <summary>From an operator's word to one coordinator until the worker has it from another.</summary>
internal sealed class PushSuite : ISuite
{
    public string Name => "push";

    public async IAsyncEnumerable<Row> RunAsync(Bench bench)
    {
        bench.Say("push of lost and cancel to a worker of another coordinator");
        var redis = await bench.Fleet.RedisAsync().ConfigureAwait(false);
        var coordinator = await bench.Fleet.CoordinatorAsync().ConfigureAwait(false);
        await using var other = await Fleet.CoordinatorAsync(redis).ConfigureAwait(false);
        using var channels = new Channels(coordinator, 1);
        using var operators = new Channels(other, 1);
        var leases = new Leases.LeasesClient(operators.Next());
        var each = bench.Timing.Count(200, 10);
        var made = 0;
        var contestants = new[]
        {
            new Contestant("lost", _ => MeasureAsync(Control.Lost, async lease => await leases.RevokeAsync(new() { Lease = lease }, Channels.Headers).ConfigureAwait(false))),
            new Contestant("cancel", _ => MeasureAsync(Control.Cancel, async lease => await leases.CancelAsync(new() { Lease = lease }, Channels.Headers).ConfigureAwait(false))),
        };
        foreach (var row in await Contest.RunAsync(bench, contestants,
            new("push of lost to a worker, p99", Metric.P99, "ms", "lost", null, null, "≤ 50 ms", row => row.Ours.Median <= 50),
            new("push of cancel to a worker, p99", Metric.P99, "ms", "cancel", null, null, "≤ 50 ms", row => row.Ours.Median <= 50)).ConfigureAwait(false))
        {
            yield return row;
        }

        async Task<Sample> MeasureAsync(Control kind, Func<LeaseRef, Task> askAsync)
        {
            await using var worker = await WorkerStream.OpenAsync(channels.Next(), $"push-{made++}", each).ConfigureAwait(false);
            var latencies = new List<long>(each);
            foreach (var lease in worker.Leases)
            {
                var since = Stopwatch.GetTimestamp();
                var asking = askAsync(lease);
                var told = (await worker.NextAsync(ConnectResponse.FrameOneofCase.Control).ConfigureAwait(false)).Control;
                latencies.Add(Stopwatch.GetTimestamp() - since);
                await asking.ConfigureAwait(false);
                if (told.Kind != kind || (told.Lost?.Resource ?? told.Lease.Resource) != lease.Resource)
                {
                    throw new InvalidOperationException($"Not {kind} of {lease.Resource}, but {told}");
                }

                await worker.SendAsync(new() { ControlAck = new() { Id = told.Id } }).ConfigureAwait(false);
            }

            var sorted = latencies.Order().ToArray();
            return Sample.Of((Metric.P50, Sample.Milliseconds(sorted, 0.5)), (Metric.P99, Sample.Milliseconds(sorted, 0.99)));
        }
    }
}
