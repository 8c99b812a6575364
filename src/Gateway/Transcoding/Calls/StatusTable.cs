using Coordinator.Gateway.Surfaces;
using Grpc.Core;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>The one table from gRPC's status to HTTP's. An envelope may know a reason better.</summary>
internal static class StatusTable
{
    /// <summary>The caller has left; nobody reads it.</summary>
    public const int ClientClosed = StatusCodes.Status499ClientClosedRequest;

    public static int Of(StatusCode code, string reason) => code switch
    {
        StatusCode.OK => StatusCodes.Status200OK,
        StatusCode.InvalidArgument => StatusCodes.Status400BadRequest,
        StatusCode.OutOfRange => reason == Reasons.SequenceGap ? StatusCodes.Status409Conflict : StatusCodes.Status400BadRequest,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.Aborted or StatusCode.AlreadyExists or StatusCode.FailedPrecondition => StatusCodes.Status409Conflict,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.Unavailable or StatusCode.DeadlineExceeded => StatusCodes.Status503ServiceUnavailable,
        StatusCode.Cancelled => ClientClosed,
        _ => StatusCodes.Status500InternalServerError,
    };
}
