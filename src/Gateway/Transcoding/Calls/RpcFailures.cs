using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Transcoding.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using System.Globalization;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>From the status of a gRPC call, with the details that came along, to a failure.</summary>
internal static class RpcFailures
{
    private const string DetailsTrailer = "grpc-status-details-bin";
    private const int LeastRetryAfter = 1;

    public static Failure Of(RpcException fault, MethodDescriptor method)
    {
        var details = Details(fault);
        var info = Find<ErrorInfo>(details);
        var status = StatusTable.Of(fault.StatusCode, info?.Reason ?? "");
        return status switch
        {
            StatusCodes.Status500InternalServerError => Failure.Internal with { Method = method },
            // Without details the text is the transport's own, with addresses in it.
            StatusCodes.Status503ServiceUnavailable when info is null => Away(method),
            _ => new(status, info?.Reason ?? fault.StatusCode.ToString(), fault.Status.Detail)
            {
                Method = method,
                Facts = info is null ? new Dictionary<string, string>() : new Dictionary<string, string>(info.Metadata),
                Violations = Violations(Find<BadRequest>(details), method.InputType),
                RetryAfter = status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests ? RetryAfter(details) : null,
            },
        };
    }

    /// <summary>No coordinator answers.</summary>
    public static Failure Away(MethodDescriptor? method) =>
        new(StatusCodes.Status503ServiceUnavailable, Reasons.CoordinatorAway, "The coordinator cannot be reached; try again.") { RetryAfter = LeastRetryAfter, Method = method };

    /// <summary>What stood in the header of a call that failed later goes along with its trailers.</summary>
    public static RpcException WithHeaders(RpcException fault, Metadata headers)
    {
        var both = new Metadata();
        foreach (var entry in headers.Concat(fault.Trailers))
        {
            both.Add(entry);
        }

        return new(fault.Status, both);
    }

    /// <summary>What a call said of its caller's limit; null where nothing was counted.</summary>
    public static Limit? LimitOf(Metadata? headers, Metadata? trailers)
    {
        return Number("x-limit") is { } most ? new(most, Number("x-limit-remaining") ?? 0, Number("x-limit-reset") ?? 0) : null;

        long? Number(string name) =>
            long.TryParse(headers?.GetValue(name) ?? trailers?.GetValue(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static Google.Rpc.Status? Details(RpcException fault)
    {
        try
        {
            return fault.Trailers.GetValueBytes(DetailsTrailer) is { } bytes ? Google.Rpc.Status.Parser.ParseFrom(bytes) : null;
        }
        catch (InvalidProtocolBufferException)
        {
            // Of another coordinator's making, or a proxy's: the code alone still says enough.
            return null;
        }
    }

    private static T? Find<T>(Google.Rpc.Status? details)
        where T : class, IMessage<T>, new()
    {
        var type = new T().Descriptor;
        return details?.Details.FirstOrDefault(detail => detail.Is(type)) is { } packed && packed.TryUnpack<T>(out var found) ? found : null;
    }

    private static List<Violation> Violations(BadRequest? fault, MessageDescriptor request) =>
        [.. (fault?.FieldViolations ?? []).Select(field => new Violation(Path(field.Field, request), ViolationKind.Other) { Text = field.Description })];

    // The coordinator names fields as the proto does; callers know them by their JSON names.
    private static List<object> Path(string field, MessageDescriptor request)
    {
        if (field.StartsWith('/'))
        {
            return [.. JsonPointer.Read(field)];
        }

        var path = new List<object>();
        var within = request;
        foreach (var step in field.Split(['.', '[', ']'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                path.Add(index);
                continue;
            }

            var known = within?.FindFieldByName(step);
            path.Add(known?.JsonName ?? step);
            within = known is { FieldType: FieldType.Message } ? known.MessageType : null;
        }

        return path;
    }

    private static int RetryAfter(Google.Rpc.Status? details)
    {
        var delay = Find<RetryInfo>(details)?.RetryDelay;
        return delay is null ? LeastRetryAfter : (int)Math.Clamp(delay.Seconds + (delay.Nanos > 0 ? 1 : 0), LeastRetryAfter, int.MaxValue);
    }
}
