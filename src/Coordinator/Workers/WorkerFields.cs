namespace Coordinator.Workers;

/// <summary>The fields of a worker's record, beside those that the store knows of itself.</summary>
internal static class WorkerFields
{
    /// <summary>The latest heartbeat, in ms since 1970: it may be of any year from 0000 to 9999.</summary>
    public const string HeartbeatAt = "heartbeat_at";

    /// <summary>The latest activity, in ms since 1970.</summary>
    public const string ActiveAt = "active_at";

    /// <summary>1 or 0, of the heartbeat that came last.</summary>
    public const string Active = "active";

    /// <summary>Of the heartbeat that came last; absent where it did not say.</summary>
    public const string Sessions = "sessions";

    /// <summary>The id of its activity token's credential.</summary>
    public const string Credential = "credential";
}
