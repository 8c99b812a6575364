using System.ComponentModel.DataAnnotations;

namespace Coordinator.Services;

/// <summary>The bounds of the streams that only the server writes: Follow, both Watches, reflection.</summary>
internal sealed class StreamOptions
{
    /// <summary>How long one write may wait for a peer that does not read. 100 ms to 10 minutes; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan WriteWithin { get; set; } = TimeSpan.FromSeconds(30);
}
