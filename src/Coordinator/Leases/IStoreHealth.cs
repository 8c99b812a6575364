namespace Coordinator.Leases;

/// <summary>Whether a store can be trusted with leases now.</summary>
internal interface IStoreHealth
{
    bool Ready { get; }

    /// <summary>Why it is not ready, ending with what mends it; null when it is.</summary>
    string? Reason { get; }

    /// <summary>
    /// What an acknowledgement survives: <c>memory</c>, <c>aof</c>, <c>redis-no-persistence</c>, or <c>redis-unknown</c> until it was seen.
    /// </summary>
    string Durability { get; }
}
