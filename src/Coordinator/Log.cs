namespace Coordinator;

/// <summary>Everything this process logs. No secret is ever a parameter.</summary>
internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Changes cannot be read, trying again: {Reason}")]
    public static partial void FeedWaits(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Changes of partition {Partition} were passed over: {Reason}")]
    public static partial void FeedSkips(ILogger logger, int partition, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sweeping fails, trying again: {Reason}")]
    public static partial void SweepFails(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This process was paused for {Milliseconds:0} ms; renewals that wait go before the sweep")]
    public static partial void Paused(ILogger logger, double milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The credentials of open streams cannot be checked, trying again: {Reason}")]
    public static partial void CredentialsNotChecked(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} failed")]
    public static partial void CallFailed(ILogger logger, string method, Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "Session {Session} of worker {Worker} began with {Leases} leases resumed, {Lost} lost")]
    public static partial void SessionBegan(ILogger logger, string session, string worker, int leases, int lost);

    [LoggerMessage(Level = LogLevel.Information, Message = "Session {Session} of worker {Worker} ended: {Reason}")]
    public static partial void SessionEnded(ILogger logger, string session, string worker, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Renewals fail: {Reason}")]
    public static partial void RenewalsFail(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "A peer of {Method} was cut: it does not read, a message waited {Within}")]
    public static partial void PeerCut(ILogger logger, string method, TimeSpan within);

    [LoggerMessage(Level = LogLevel.Information, Message = "Draining {Sessions} sessions for at most {Seconds} s")]
    public static partial void Draining(ILogger logger, int sessions, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Leases and events are kept in memory: they are gone with this process (--redis keeps them)")]
    public static partial void InMemory(ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store is not ready: {Reason}")]
    public static partial void StoreNotReady(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The store is ready, durability: {Durability}")]
    public static partial void StoreReady(ILogger logger, string durability);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The tails of scripts cannot be read, trying again: {Reason}")]
    public static partial void TailsNotRead(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Traces are dropped: {Reason}")]
    public static partial void TracesDropped(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Tail} was not renewed, trying again: {Reason}")]
    public static partial void TailNotKept(ILogger logger, string tail, string reason);
}
