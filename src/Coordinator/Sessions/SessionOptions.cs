using System.ComponentModel.DataAnnotations;

namespace Coordinator.Sessions;

/// <summary>The bounds of a worker stream.</summary>
internal sealed class SessionOptions
{
    /// <summary>The TTL of a lease acquired without one. 1 s to 1 day; default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan DefaultTtl { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a new stream may take to say hello. 100 ms to 1 minute; default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan HelloWithin { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one write may wait for a peer that does not read. 100 ms to 1 minute; default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan WriteWithin { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long sessions may take to move away when the process stops. 0 to 9 s; default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:09")]
    public TimeSpan Drain { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Event batches of one stream that may wait for their ack. 1 to 10,000; default 64.</summary>
    [Range(1, 10_000)]
    public int UnackedBatches { get; set; } = 64;

    /// <summary>Heartbeats of one stream that may wait for their ack. 1 to 10,000; default 64.</summary>
    [Range(1, 10_000)]
    public int UnackedHeartbeats { get; set; } = 64;

    /// <summary>Acquires and releases of one stream that may wait for their answer. 1 to 10,000; default 256.</summary>
    [Range(1, 10_000)]
    public int UnansweredRequests { get; set; } = 256;

    /// <summary>Leases of one stream. 1 to 1,000,000; default 100,000.</summary>
    [Range(1, 1_000_000)]
    public int Leases { get; set; } = 100_000;

    /// <summary>Frames that may wait for one peer to read them. 16 to 1,000,000; default 4,096.</summary>
    [Range(16, 1_000_000)]
    public int WaitingFrames { get; set; } = 4_096;

    /// <summary>Renewal calls to the store that may be under way at once, for all streams together. 1 to 64; default 2.</summary>
    [Range(1, 64)]
    public int RenewalCalls { get; set; } = 2;
}
