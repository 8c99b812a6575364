using Coordinator.Client;

namespace Worker;

/// <summary>What a script could emit: one event of some kind every second, all kinds in turn.</summary>
internal static class Emitter
{
    private static readonly Func<long, TraceEvent>[] Kinds =
    [
        n => new()
        {
            Event = new RequestTrigger($"https://example.test/items/{n}?page=1", "GET", 200)
            {
                Headers = new Dictionary<string, string> { ["accept"] = "application/json", ["cf-connecting-ip"] = "192.0.2.7", ["user-agent"] = "sample/1.0" },
            },
            Logs = [new(TraceLevel.Log, "answered item", n)],
            WallTime = TimeSpan.FromMilliseconds(12),
            CpuTime = TimeSpan.FromMilliseconds(3),
        },
        n => new()
        {
            Event = new RequestTrigger("https://example.test/items", "POST", 500) { Headers = new Dictionary<string, string> { ["content-type"] = "application/json" } },
            Outcome = TraceOutcome.Exception,
            Logs = [new(TraceLevel.Error, $"item {n} cannot be stored")],
            Exceptions = Thrown($"item {n} has no name"),
        },
        _ => new() { Event = new ScheduledTrigger("*/5 * * * *", TimeProvider.System.GetUtcNow()), Logs = [new(TraceLevel.Info, "swept")] },
        _ => new() { Event = new AlarmTrigger(TimeProvider.System.GetUtcNow()), Entrypoint = "Room", ExecutionModel = "durableObject" },
        n => new() { Event = new QueueTrigger("jobs", 10), Logs = [new(TraceLevel.Log, "took batch", n)] },
        n => new() { Event = new EmailTrigger("ann@example.test", "bob@example.test", 1_024 + n) },
        _ => new() { Event = new RpcTrigger("getItem"), Entrypoint = "Items" },
        _ => new() { Event = new TailTrigger("demo-api", "demo-site") },
        n => new()
        {
            Logs = [.. Enum.GetValues<TraceLevel>().Select(level => new TraceLog(level, $"a line of {level}", n))],
            ScriptVersion = "sample-version",
        },
        _ => new() { Event = new RequestTrigger("https://example.test/slow", "GET"), Outcome = TraceOutcome.Canceled },
        _ => new() { Event = new RequestTrigger("https://example.test/sum", "GET"), Outcome = TraceOutcome.ExceededCpu, CpuTime = TimeSpan.FromSeconds(30) },
        _ => new() { Event = new RequestTrigger("https://example.test/all", "GET"), Outcome = TraceOutcome.ExceededMemory, Truncated = true },
        _ => new() { Event = new RpcTrigger("forget"), Outcome = TraceOutcome.Unknown },
    ];

    public static async Task RunAsync(TracePublisher traces, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            for (var n = 0L; await timer.WaitForNextTickAsync(cancellation); n++)
            {
                // Nothing is made while nobody tails.
                var (kind, number) = (Kinds[n % Kinds.Length], n);
                traces.Publish(() => kind(number));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The program ends.
        }
    }

    // Thrown in earnest, for its stack.
    private static IReadOnlyList<TraceError> Thrown(string message)
    {
        try
        {
            throw new InvalidOperationException(message);
        }
        catch (InvalidOperationException thrown)
        {
            return TraceError.From(thrown);
        }
    }
}
