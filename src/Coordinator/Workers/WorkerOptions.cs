using System.ComponentModel.DataAnnotations;

namespace Coordinator.Workers;

/// <summary>How long workers that tell of their activity now and then count as present.</summary>
internal sealed class WorkerOptions
{
    /// <summary>Three of the five-minute beats that its clients send. 1 second to 1 day; default 15 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan PresenceTtl { get; set; } = TimeSpan.FromMinutes(15);
}
