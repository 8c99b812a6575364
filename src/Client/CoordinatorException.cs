using Coordinator.Client.Connection;
using Grpc.Core;

namespace Coordinator.Client;

/// <summary>A coordinator refused a call, or none could be reached.</summary>
public class CoordinatorException : Exception
{
    internal CoordinatorException(StatusCode status, string reason, string message, Exception? inner = null)
        : base(message, inner) => (Status, Reason) = (status, reason);

    /// <summary>The gRPC status.</summary>
    public StatusCode Status { get; }

    /// <summary>The stable reason, such as <c>LEASE_HELD</c> or <c>OUTCOME_UNKNOWN</c>; empty where none was sent.</summary>
    public string Reason { get; }

    internal static CoordinatorException From(RpcException failure) => From(Failure.Of(failure), failure);

    internal static CoordinatorException From(Failure failure, Exception? inner = null) => failure.Reason switch
    {
        "LEASE_HELD" => new LeaseHeldException(failure, inner),
        _ => new CoordinatorException(failure.Status, failure.Reason, failure.Message, inner),
    };
}

/// <summary>The resource is leased to another.</summary>
public sealed class LeaseHeldException : CoordinatorException
{
    internal LeaseHeldException(Failure failure, Exception? inner)
        : base(failure.Status, failure.Reason, failure.Message, inner)
    {
        Holder = failure.Metadata.GetValueOrDefault("holder", "");
        ExpiresAt = failure.Instant("expires_at");
    }

    /// <summary>Who holds it.</summary>
    public string Holder { get; }

    /// <summary>When that lease ends unless it is renewed, on the store's clock.</summary>
    public DateTimeOffset? ExpiresAt { get; }
}

/// <summary>The lease is over: whatever it guarded must stop.</summary>
public sealed class LeaseLostException : Exception
{
    internal LeaseLostException(string resource, long token, LeaseEnd reason, long lastBatchSequence)
        : base($"The lease of {resource} (token {token}) is over: {reason}.") =>
        (Resource, Token, Reason, LastBatchSequence) = (resource, token, reason, lastBatchSequence);

    /// <summary>What was leased.</summary>
    public string Resource { get; }

    /// <summary>The fencing token of the lost grant.</summary>
    public long Token { get; }

    /// <summary>Why it is over.</summary>
    public LeaseEnd Reason { get; }

    /// <summary>The last event batch that is known to be stored under the token; 0 for none.</summary>
    public long LastBatchSequence { get; }
}
