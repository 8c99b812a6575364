using Microsoft.Extensions.Logging;

namespace Coordinator.Client.Tails;

/// <summary>Turns what a program logs into trace messages, one for each call.</summary>
internal sealed class TailLoggerProvider(TracePublisher traces) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new TailLogger(traces, categoryName);

    // The session owns the publisher.
    public void Dispose()
    {
    }
}

/// <summary>The logger of one category. Off, at the price of one read, while nobody tails.</summary>
internal sealed class TailLogger(TracePublisher traces, string category) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && traces.IsTailed;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        traces.Publish(new TraceEvent
        {
            Outcome = exception is not null && logLevel >= LogLevel.Error ? TraceOutcome.Exception : TraceOutcome.Ok,
            Entrypoint = category,
            Logs = [new(LevelOf(logLevel), formatter(state, exception))],
            Exceptions = exception is null ? [] : TraceError.From(exception),
        });
    }

    private static TraceLevel LevelOf(LogLevel level) => level switch
    {
        LogLevel.Trace => TraceLevel.Debug,
        LogLevel.Debug => TraceLevel.Debug,
        LogLevel.Information => TraceLevel.Info,
        LogLevel.Warning => TraceLevel.Warn,
        LogLevel.Error or LogLevel.Critical => TraceLevel.Error,
        _ => TraceLevel.Log,
    };
}
