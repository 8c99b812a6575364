using Coordinator.V1;
using Kind = Coordinator.V1.Control.Types.Kind;

namespace Coordinator.Client.Sessions;

/// <summary>
/// What every frame of a coordinator must have for this library to take it in. Judged before anything of the frame is: half a frame would leave,
/// for one, an acquire that has had its answer and no lease.
/// </summary>
internal static class FrameRules
{
    // Far longer than any lease, and far from where clocks and timers end.
    private const long MostMilliseconds = int.MaxValue;

    /// <summary>How the frame breaks the protocol; null where it does not. What is not known here breaks nothing: a newer coordinator may send it.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="welcomed">A welcome came before it on its stream.</param>
    public static string? Breach(ConnectResponse frame, bool welcomed) => frame.FrameCase switch
    {
        ConnectResponse.FrameOneofCase.Welcome => welcomed ? "a second welcome" : Duration("heartbeat_interval_ms", frame.Welcome.HeartbeatIntervalMs),
        _ when !welcomed => "a first frame that is no welcome",
        ConnectResponse.FrameOneofCase.HeartbeatAck => Duration("next_heartbeat_in_ms", frame.HeartbeatAck.NextHeartbeatInMs),
        ConnectResponse.FrameOneofCase.Granted => frame.Granted.Lease is { } lease ? Duration("ttl_ms", lease.TtlMs) : "granted without a lease",
        ConnectResponse.FrameOneofCase.Control => Breach(frame.Control),
        ConnectResponse.FrameOneofCase.Refused => frame.Refused.Status is null ? "refused without a status" : null,
        _ => null,
    };

    private static string? Breach(Control control) => control.Kind switch
    {
        Kind.Lost when control.Lost is null => "the control lost without a lost lease",
        Kind.Cancel or Kind.Pause or Kind.Resume when control.Lease is null => $"the control {control.Kind} without a lease",
        Kind.TailStarted or Kind.TailStopped when control.Demand is null => $"the control {control.Kind} without a demand",
        _ => null,
    };

    private static string? Duration(string field, long milliseconds) =>
        milliseconds is >= 0 and <= MostMilliseconds ? null : $"{field} is {milliseconds}, not 0 to {MostMilliseconds}";
}
