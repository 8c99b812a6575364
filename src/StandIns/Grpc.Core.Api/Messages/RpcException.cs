namespace Grpc.Core;

/// <summary>A call that did not end well: thrown at the caller, and by a handler to choose the status.</summary>
public class RpcException(Status status, Metadata trailers) : Exception(status.ToString(), status.DebugException)
{
    public RpcException(Status status)
        : this(status, Metadata.Empty)
    {
    }

    public Status Status { get; } = status;

    public StatusCode StatusCode => Status.StatusCode;

    public Metadata Trailers { get; } = trailers;
}
