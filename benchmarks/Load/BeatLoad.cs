using Benchmarks.Servers;
using System.Diagnostics;

namespace Benchmarks.Load;

/// <summary>Drives many <see cref="IBeats"/> at once for a while, and says how many answers came, how late, and what they cost.</summary>
internal static class BeatLoad
{
    /// <param name="inFlight">Questions that each has out at once.</param>
    /// <param name="servers">Whose processor time is counted.</param>
    public static async Task<Sample> RunAsync(IReadOnlyList<IBeats> all, int inFlight, IReadOnlyList<Server> servers, Timing timing)
    {
        var window = new Window();
        var recorders = all.Select(_ => new List<long>(4_096)).ToArray();
        var running = Task.WhenAll(all.Select((beats, i) => Task.Run(() => DriveAsync(beats, inFlight, window, recorders[i]))));
        var ramp = Task.Delay(timing.Ramp, TimeProvider.System);
        if (await Task.WhenAny(running, ramp).ConfigureAwait(false) == running)
        {
            await running.ConfigureAwait(false);
        }

        var before = Costs.Now(servers);
        var clock = Stopwatch.StartNew();
        window.Phase = Phase.Measuring;
        // However slow and cold the machine is, there is an answer to speak of.
        var enough = Task.WhenAll(Task.Delay(timing.Window, TimeProvider.System), window.Answered);
        await Task.WhenAny(running, enough).WaitAsync(timing.Window + Timing.Last, TimeProvider.System).ConfigureAwait(false);
        window.Phase = Phase.Over;
        var seconds = clock.Elapsed.TotalSeconds;
        var after = Costs.Now(servers);
        await running.WaitAsync(Timing.Last, TimeProvider.System).ConfigureAwait(false);

        var operations = recorders.Zip(all, (latencies, beats) => (double)latencies.Count * beats.Operations).Sum();
        return Sample.Of(operations, seconds, [.. recorders.SelectMany(one => one)], after.Since(before, operations));
    }

    private static async Task DriveAsync(IBeats beats, int inFlight, Window window, List<long> latencies)
    {
        var asked = new Queue<long>(inFlight);
        for (var i = 0; i < inFlight; i++)
        {
            asked.Enqueue(Stopwatch.GetTimestamp());
            await beats.AskAsync().ConfigureAwait(false);
        }

        while (asked.Count > 0)
        {
            await beats.AnswerAsync().ConfigureAwait(false);
            var now = Stopwatch.GetTimestamp();
            var since = asked.Dequeue();
            if (window.Phase == Phase.Measuring)
            {
                latencies.Add(now - since);
                window.Answer();
            }

            if (window.Phase != Phase.Over)
            {
                asked.Enqueue(Stopwatch.GetTimestamp());
                await beats.AskAsync().ConfigureAwait(false);
            }
        }
    }

    private enum Phase
    {
        Ramp,
        Measuring,
        Over,
    }

    private sealed class Window
    {
        private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile Phase _phase;

        /// <summary>Completes with the first answer that is counted.</summary>
        public Task Answered => _answered.Task;

        public void Answer() => _answered.TrySetResult();

        public Phase Phase
        {
            get => _phase;
            set => _phase = value;
        }
    }
}
