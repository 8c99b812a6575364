using System.ComponentModel.DataAnnotations;

namespace Coordinator.Tails;

/// <summary>How long tails last and how many there may be.</summary>
internal sealed class TailOptions
{
    /// <summary>How long a tail lasts from its start. 1 second to 1 day; default 6 hours.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan Life { get; set; } = TimeSpan.FromHours(6);

    /// <summary>How long a live tail lasts without a heartbeat. 1 second to 1 hour; default 90 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan LiveTtl { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>How long a tail outlives its reader, so that the reader can come again. 1 second to 10 minutes; default 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan ReaderGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The most tails of one script. 1 to 1,000; default 10.</summary>
    [Range(1, 1_000)]
    public int MostPerScript { get; set; } = 10;

    /// <summary>The most live tails of an account. 1 to 1,000; default 100.</summary>
    [Range(1, 1_000)]
    public int MostLive { get; set; } = 100;

    /// <summary>
    /// How often a second all readers of this process together are woken by events that keep coming, each at least once; and all tails of
    /// a script together asked what they want, at least four times. 10 to 100,000; default 100.
    /// </summary>
    [Range(10, 100_000)]
    public int WakesPerSecond { get; set; } = 100;

    /// <summary>How long what comes may be gathered for so many, that they are not woken more often together.</summary>
    public TimeSpan Share(int readers, TimeSpan most)
    {
        var share = TimeSpan.FromSeconds((double)Math.Max(readers, 1) / WakesPerSecond);
        return share < most ? share : most;
    }

    /// <summary>Whether a script may be tailed before a worker has named it. Default false.</summary>
    public bool AheadOfWorkers { get; set; }
}
