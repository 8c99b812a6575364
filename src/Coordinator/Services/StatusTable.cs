using Coordinator.Leases;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using System.Globalization;

namespace Coordinator.Services;

/// <summary>A room whose callers know its things by its own words.</summary>
internal enum Room
{
    Runs,
    Workers,
    Tunnels,
    Scripts,
    Tails,
}

/// <summary>The one table from what a rule refuses, or a store fails with, to gRPC: status code and reason.</summary>
internal static class StatusTable
{
    private const string Domain = "coordinator";
    private const string DetailsTrailer = "grpc-status-details-bin";
    private static readonly Duration RetryAfter = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(250));

    public static (StatusCode Code, string Reason) Of(RefusalKind kind) => kind switch
    {
        RefusalKind.InvalidField => (StatusCode.InvalidArgument, "INVALID_FIELD"),
        RefusalKind.OperationMismatch => (StatusCode.InvalidArgument, "OPERATION_MISMATCH"),
        RefusalKind.LeaseNotFound => (StatusCode.NotFound, "LEASE_NOT_FOUND"),
        RefusalKind.LeaseHeld => (StatusCode.Aborted, "LEASE_HELD"),
        RefusalKind.LeaseLost => (StatusCode.Aborted, "LEASE_LOST"),
        RefusalKind.SequenceGap => (StatusCode.OutOfRange, "SEQUENCE_GAP"),
        RefusalKind.BatchMismatch => (StatusCode.InvalidArgument, "BATCH_MISMATCH"),
        RefusalKind.PositionBeyondEnd => (StatusCode.OutOfRange, "POSITION_BEYOND_END"),
        RefusalKind.CursorTrimmed => (StatusCode.OutOfRange, "CURSOR_TRIMMED"),
        RefusalKind.RecordNotFound => (StatusCode.NotFound, "NOT_FOUND"),
        RefusalKind.RecordFinal => (StatusCode.FailedPrecondition, "ENDED"),
        RefusalKind.NotHolder => (StatusCode.Aborted, "NOT_HOLDER"),
        RefusalKind.NameTaken => (StatusCode.AlreadyExists, "NAME_TAKEN"),
        RefusalKind.TooManyActive => (StatusCode.FailedPrecondition, "TOO_MANY_ACTIVE"),
        RefusalKind.LimitExceeded => (StatusCode.ResourceExhausted, "LIMIT_EXCEEDED"),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A refusal without a status."),
    };

    public static (StatusCode Code, string Reason) Of(StoreFailure failure) => failure switch
    {
        StoreFailure.Unavailable => (StatusCode.Unavailable, "STORE_UNAVAILABLE"),
        StoreFailure.Stale => (StatusCode.Unavailable, "COMMAND_STALE"),
        StoreFailure.OutcomeUnknown => (StatusCode.Unavailable, "OUTCOME_UNKNOWN"),
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure, "A failure without a status."),
    };

    /// <summary>A room has words of its own for some; the others are everybody's.</summary>
    public static (StatusCode Code, string Reason) Of(RefusalKind kind, Room? room) => (room, kind) switch
    {
        (Room.Runs, RefusalKind.RecordNotFound) => (StatusCode.NotFound, "RUN_NOT_FOUND"),
        (Room.Runs, RefusalKind.RecordFinal) => (StatusCode.FailedPrecondition, "RUN_ENDED"),
        (Room.Runs, RefusalKind.NotHolder) => (StatusCode.Aborted, "CLAIM_NOT_HELD"),
        (Room.Runs, RefusalKind.LeaseLost or RefusalKind.LeaseNotFound) => (StatusCode.Aborted, "CLAIM_LOST"),
        (Room.Workers, RefusalKind.RecordNotFound) => (StatusCode.NotFound, "WORKER_NOT_FOUND"),
        // Whatever is not kept alive is not there.
        (Room.Tunnels, RefusalKind.RecordNotFound or RefusalKind.RecordFinal or RefusalKind.NotHolder) => (StatusCode.NotFound, "TUNNEL_NOT_FOUND"),
        (Room.Tunnels, RefusalKind.NameTaken) => (StatusCode.AlreadyExists, "TUNNEL_SLUG_CONFLICT"),
        (Room.Tunnels, RefusalKind.TooManyActive) => (StatusCode.FailedPrecondition, "TUNNEL_LIMIT_REACHED"),
        (Room.Scripts, RefusalKind.RecordNotFound) => (StatusCode.NotFound, "SCRIPT_NOT_FOUND"),
        (Room.Tails, RefusalKind.RecordNotFound or RefusalKind.RecordFinal or RefusalKind.NotHolder) => (StatusCode.NotFound, "TAIL_NOT_FOUND"),
        (Room.Scripts or Room.Tails, RefusalKind.TooManyActive) => (StatusCode.ResourceExhausted, "TOO_MANY_TAILS"),
        _ => Of(kind),
    };

    public static Google.Rpc.Status ToStatus(Refusal refusal, Room? room = null)
    {
        var (code, reason) = Of(refusal.Kind, room);
        var info = new ErrorInfo { Domain = Domain, Reason = reason };
        Add(info, room is Room.Runs ? "worker_id" : "holder", refusal.Holder);
        Add(info, room is Room.Runs ? "lease_expires_at" : "expires_at", refusal.ExpiresAt?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        Add(info, "expected", Number(refusal.Expected));
        Add(info, "about", refusal.About);
        Add(info, "active_count", Number(refusal.Active));
        Add(info, "max_active", Number(refusal.Most));
        if (refusal.Lost is { } lost)
        {
            Add(info, "reason", lost.Reason.ToString().ToLowerInvariant());
            Add(info, "current_token", Number(lost.CurrentToken));
            Add(info, "last_batch_sequence", Number(lost.LastBatchSequence));
        }

        var status = Make(code, refusal.Message, info);
        if (refusal.Field is { } field)
        {
            var violation = new BadRequest.Types.FieldViolation { Field = field, Description = refusal.Message, Reason = reason };
            status.Details.Add(Any.Pack(new BadRequest { FieldViolations = { violation } }));
        }

        return status;
    }

    public static Google.Rpc.Status ToStatus(StoreException failure)
    {
        var (code, reason) = Of(failure.Failure);
        return Make(code, failure.Message, new ErrorInfo { Domain = Domain, Reason = reason });
    }

    public static RpcException ToException(Refusal refusal, Room? room = null) => ToException(ToStatus(refusal, room));

    /// <summary>A failure that no rule decided: of the call itself.</summary>
    public static RpcException Fail(StatusCode code, string reason, string message) =>
        ToException(Make(code, message, new ErrorInfo { Domain = Domain, Reason = reason }));

    /// <summary>A call that was one too many: nothing of it was done.</summary>
    /// <param name="retryAfter">When the next one is allowed.</param>
    public static RpcException Limited(string message, TimeSpan retryAfter)
    {
        var status = Make(StatusCode.ResourceExhausted, message, new ErrorInfo { Domain = Domain, Reason = "RATE_LIMITED" });
        status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(retryAfter) }));
        return ToException(status);
    }

    public static RpcException ToException(Google.Rpc.Status status) =>
        new(new Grpc.Core.Status((StatusCode)status.Code, status.Message), new Metadata { { DetailsTrailer, status.ToByteArray() } });

    private static Google.Rpc.Status Make(StatusCode code, string message, ErrorInfo info)
    {
        var status = new Google.Rpc.Status { Code = (int)code, Message = message, Details = { Any.Pack(info) } };
        if (code == StatusCode.Unavailable)
        {
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = RetryAfter }));
        }

        return status;
    }

    private static string? Number(long? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static void Add(ErrorInfo info, string name, string? value)
    {
        if (value is not null)
        {
            info.Metadata[name] = value;
        }
    }
}
