namespace Coordinator.Limits;

/// <summary>The limits that there are. A method is under one of them, or under none.</summary>
internal enum LimitKind
{
    None,

    /// <summary>Of each client address.</summary>
    Runs,

    /// <summary>Of each credential that is presented, valid or not; of each client address where there is none.</summary>
    Tunnels,
}
