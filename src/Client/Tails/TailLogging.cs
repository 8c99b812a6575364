using Coordinator.Client.Tails;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coordinator.Client;

/// <summary>Lets the logs of a .NET worker be tailed.</summary>
public static class TailLogging
{
    /// <summary>
    /// Shows what the program logs, and the exceptions in it, to those that tail the script: one trace message for each call, with its level,
    /// its text, the category as <c>entrypoint</c>, and the exception with those inside it; an exception logged as an error or worse makes
    /// the outcome <c>exception</c>. Scopes are not shown. While nobody tails, nothing is formatted.
    /// </summary>
    /// <param name="builder">Such as <c>builder.Logging</c>.</param>
    /// <param name="session">Must live as long as the program logs.</param>
    /// <param name="script">One of <see cref="WorkerOptions.Scripts"/>.</param>
    /// <exception cref="ArgumentException">The script is not one of the worker's.</exception>
    public static ILoggingBuilder AddCoordinatorTail(this ILoggingBuilder builder, WorkerSession session, string script)
    {
        ArgumentNullException.ThrowIfNull(session);
        var traces = session.Traces(script);
        return builder.AddCoordinatorTail(_ => traces);
    }

    /// <summary>The same, for a publisher that is at hand only when the program's services are made.</summary>
    /// <param name="builder">Such as <c>builder.Logging</c>.</param>
    /// <param name="traces">Gives the publisher of the script.</param>
    public static ILoggingBuilder AddCoordinatorTail(this ILoggingBuilder builder, Func<IServiceProvider, TracePublisher> traces)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(traces);
        builder.Services.AddSingleton<ILoggerProvider>(services => new TailLoggerProvider(traces(services)));
        return builder;
    }
}
