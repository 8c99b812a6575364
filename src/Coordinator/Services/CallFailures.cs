using Coordinator.Leases;
using Grpc.Core;

namespace Coordinator.Services;

/// <summary>From whatever ended a call to the status that its caller sees: never anything of our own insides.</summary>
internal static class CallFailures
{
    /// <param name="gone">Whether the caller has left: then nothing that failed is worth a word.</param>
    public static RpcException Translate(Exception fault, string method, bool gone, ILogger log)
    {
        switch (fault)
        {
            case RpcException decided:
                return decided;
            case StoreException away:
                return StatusTable.ToException(StatusTable.ToStatus(away));
            case var _ when gone:
            case IOException:
                // Reading or writing the call's own connection is all that can fail like this.
                return new(Status.DefaultCancelled);
            default:
                Log.CallFailed(log, method, fault);
                return StatusTable.Fail(StatusCode.Internal, "INTERNAL", "An error of the coordinator itself; its log has more.");
        }
    }
}
