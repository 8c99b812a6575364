namespace Coordinator.Client;

/// <summary>One invocation of a script, as those that tail it see it: what started it, how it ended, what it logged.</summary>
public sealed record TraceEvent
{
    /// <summary>How it ended. Default: ok.</summary>
    public TraceOutcome Outcome { get; init; } = TraceOutcome.Ok;

    /// <summary>What started it; null where that is not known, as for a line of a log.</summary>
    public TraceTrigger? Event { get; init; }

    /// <summary>When it was started. Default: when it is published.</summary>
    public DateTimeOffset? EventTimestamp { get; init; }

    /// <summary>What it logged, in order. Default: nothing.</summary>
    public IReadOnlyList<TraceLog> Logs { get; init; } = [];

    /// <summary>What it threw, the outermost first. Default: nothing.</summary>
    public IReadOnlyList<TraceError> Exceptions { get; init; } = [];

    /// <summary>The part of the script that ran, such as a class. Default: left out.</summary>
    public string? Entrypoint { get; init; }

    /// <summary>The id of the version that ran; tails filter by it. Default: left out.</summary>
    public string? ScriptVersion { get; init; }

    /// <summary>Some of the logs or exceptions were left away. Default: false, and left out.</summary>
    public bool Truncated { get; init; }

    /// <summary>Whether state outlives the invocation, such as <c>stateless</c>. Default: left out.</summary>
    public string? ExecutionModel { get; init; }

    /// <summary>How long it took; sent in milliseconds. Default: left out.</summary>
    public TimeSpan? WallTime { get; init; }

    /// <summary>How long it computed; sent in milliseconds. Default: left out.</summary>
    public TimeSpan? CpuTime { get; init; }
}

/// <summary>How an invocation ended.</summary>
public enum TraceOutcome
{
    /// <summary>It is not known: <c>unknown</c>.</summary>
    Unknown,

    /// <summary>As it should: <c>ok</c>.</summary>
    Ok,

    /// <summary>Whoever asked went away: <c>canceled</c>.</summary>
    Canceled,

    /// <summary>It threw: <c>exception</c>.</summary>
    Exception,

    /// <summary>It computed for too long: <c>exceededCpu</c>.</summary>
    ExceededCpu,

    /// <summary>It took too much memory: <c>exceededMemory</c>.</summary>
    ExceededMemory,
}

/// <summary>The weight of a line of a log.</summary>
public enum TraceLevel
{
    /// <summary><c>debug</c></summary>
    Debug,

    /// <summary><c>info</c></summary>
    Info,

    /// <summary><c>log</c>, which has no weight.</summary>
    Log,

    /// <summary><c>warn</c></summary>
    Warn,

    /// <summary><c>error</c></summary>
    Error,
}

/// <summary>A line of a log.</summary>
/// <param name="Level">Its weight.</param>
/// <param name="Message">
/// Its parts. Strings, booleans, integers, doubles, <see cref="System.Text.Json.JsonElement"/> and null are sent as such, anything else as
/// its text in the invariant culture.
/// </param>
public sealed record TraceLog(TraceLevel Level, params IReadOnlyList<object?> Message)
{
    /// <summary>When it was written. Default: when it is published.</summary>
    public DateTimeOffset? Timestamp { get; init; }
}

/// <summary>Something that was thrown.</summary>
/// <param name="Name">Its type.</param>
/// <param name="Message">What it says.</param>
/// <param name="Stack">Where it was thrown; null is left out.</param>
public sealed record TraceError(string Name, string Message, string? Stack = null)
{
    private const int Deepest = 10;

    /// <summary>When it was thrown. Default: when it is published.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>An exception and those inside it, at most 10, the outermost first.</summary>
    public static IReadOnlyList<TraceError> From(Exception thrown)
    {
        ArgumentNullException.ThrowIfNull(thrown);
        var all = new List<TraceError>();
        var waiting = new Queue<Exception>([thrown]);
        while (all.Count < Deepest && waiting.TryDequeue(out var next))
        {
            all.Add(new(next.GetType().Name, next.Message, next.StackTrace));
            IEnumerable<Exception> inside = next is AggregateException several ? several.InnerExceptions : next.InnerException is { } one ? [one] : [];
            foreach (var inner in inside.Take(Deepest))
            {
                waiting.Enqueue(inner);
            }
        }

        return all;
    }
}
