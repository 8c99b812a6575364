using System.ComponentModel.DataAnnotations;

namespace Coordinator.Storage;

/// <summary>How long a store keeps what is over.</summary>
internal sealed class StoreRetention
{
    /// <summary>The last events of a log that are kept. 100 to 10,000,000; default 10,000.</summary>
    [Range(100, 10_000_000)]
    public int EventsPerLog { get; set; } = 10_000;

    /// <summary>A log is gone this long after its last append. 1 minute to 365 days; default 7 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan LogAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How long a late holder can be told why its grant ended; never less than the grant's own TTL. 1 minute to 7 days; default 1 hour.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "7.00:00:00")]
    public TimeSpan EndedRecords { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a run or tunnel that is over is kept. 1 minute to 365 days; default 7 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan EndedResources { get; set; } = TimeSpan.FromDays(7);

    /// <summary>The last changes of a partition from which a Watch can be resumed. 100 to 1,000,000; default 2,000.</summary>
    [Range(100, 1_000_000)]
    public int ChangesPerPartition { get; set; } = 2_000;
}
