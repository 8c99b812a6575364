namespace Coordinator.Leases;

/// <summary>What is known of a command whose store did not answer as it should.</summary>
internal enum StoreFailure
{
    /// <summary>Nothing was sent: the store is absent or not fit for use.</summary>
    Unavailable,

    /// <summary>The command arrived after its <c>not_after</c> and changed nothing.</summary>
    Stale,

    /// <summary>It may or may not have run.</summary>
    OutcomeUnknown,
}

/// <summary>The store is broken or away. Not a refusal: no rule was decided.</summary>
internal sealed class StoreException(StoreFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    public StoreFailure Failure { get; } = failure;
}
