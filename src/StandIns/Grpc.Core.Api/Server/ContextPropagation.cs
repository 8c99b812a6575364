namespace Grpc.Core;

/// <summary>Which parts of a server's call pass on to the calls that its handler makes.</summary>
public class ContextPropagationOptions(bool propagateDeadline = true, bool propagateCancellation = true)
{
    public bool IsPropagateDeadline { get; } = propagateDeadline;

    public bool IsPropagateCancellation { get; } = propagateCancellation;
}

/// <summary>Carries a server's call to a client's; opaque.</summary>
public abstract class ContextPropagationToken;
