using Coordinator.V1;
using Grpc.Core;
using System.Text;

namespace Coordinator.Gateway.Tails;

/// <summary>Why sockets are closed, beside what the coordinator says of it.</summary>
internal static class Closings
{
    public const int Restart = 1_012;

    // A control frame holds 125 bytes, of which two are the code.
    private const int MaxReasonBytes = 123;
    private const int OnlyText = 1_003;
    private const int NotAllowed = 1_008;
    private const int TooLargeCode = 1_009;
    private const int Fault = 1_011;
    private const int Expired = 4_000;

    public static Closing NoCoordinator => new() { Code = Restart, Reason = "no coordinator can be reached" };

    public static Closing Stopping => new() { Code = Restart, Reason = "the gateway stops" };

    public static Closing Binary => new() { Code = OnlyText, Reason = "only text is understood" };

    public static Closing TooLarge => new() { Code = TooLargeCode, Reason = "the message is too large" };

    public static Closing Flood => new() { Code = NotAllowed, Reason = "too many frames" };

    /// <summary>A coordinator no longer lets the tail be read.</summary>
    public static Closing Of(RpcException fault) => fault.StatusCode switch
    {
        StatusCode.NotFound => new() { Code = Expired, Reason = "tail expired" },
        StatusCode.InvalidArgument or StatusCode.PermissionDenied or StatusCode.Unauthenticated => new() { Code = NotAllowed, Reason = fault.Status.Detail },
        _ => new() { Code = Fault, Reason = "internal error" },
    };

    /// <summary>The reason, cut to what a close frame can hold and not within a letter.</summary>
    public static string ReasonOf(Closing closing)
    {
        var length = 0;
        var bytes = 0;
        foreach (var rune in closing.Reason.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MaxReasonBytes)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return closing.Reason[..length];
    }
}
