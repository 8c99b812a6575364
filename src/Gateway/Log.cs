namespace Coordinator.Gateway;

/// <summary>Everything this process logs. No credential, path or body of a request is ever a parameter.</summary>
internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The coordinator {Address} cannot be reached; the next one is tried")]
    public static partial void CoordinatorAway(ILogger logger, Uri address);

    [LoggerMessage(Level = LogLevel.Error, Message = "A request of {Method} failed")]
    public static partial void RequestFailed(ILogger logger, string method, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "The coordinator answered {Method} with {Status}: {Detail}")]
    public static partial void CallFailed(ILogger logger, string method, Grpc.Core.StatusCode status, string detail);

    [LoggerMessage(Level = LogLevel.Information, Message = "A reader of {Method} was cut: it does not read, an event waited {Within}")]
    public static partial void ReaderCut(ILogger logger, string method, TimeSpan within);
}
