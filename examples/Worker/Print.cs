using Coordinator.Client;

namespace Worker;

/// <summary>One line for each thing that happens, for people and scripts. Times are µs since 1970.</summary>
internal static class Print
{
    public static void Acquired(string worker, LeaseHandle lease) =>
        Line($"acquired worker={worker} resource={lease.Resource} token={lease.Token}");

    public static void Held(string worker, string resource, LeaseHeldException held) =>
        Line($"held worker={worker} resource={resource} by={held.Holder}");

    public static void Stored(LeaseHandle lease, int step) =>
        Line($"stored resource={lease.Resource} token={lease.Token} step={step}");

    public static void Notice(string worker, SessionNotice notice)
    {
        var lease = notice.Lease is { } about ? $" resource={about.Resource} token={about.Token}" : "";
        var end = notice.End == LeaseEnd.None ? "" : $" reason={notice.End.ToString().ToLowerInvariant()}";
        Line($"{notice.Kind.ToString().ToLowerInvariant()} worker={worker}{lease}{end} message=\"{notice.Message}\"");
    }

    private static void Line(string text)
    {
        var at = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        Console.WriteLine($"{text} at={at}");
    }
}
