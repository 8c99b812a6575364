using System.ComponentModel.DataAnnotations;

namespace Coordinator.Tails;

/// <summary>How much is kept for a reader that does not keep up.</summary>
internal sealed class TailBufferOptions
{
    /// <summary>Frames. 10 to 100,000; default 1,000.</summary>
    [Range(10, 100_000)]
    public int MostFrames { get; set; } = 1_000;

    /// <summary>Bytes of all frames: at least a large one, and at most what a reader may be behind before it is told. 256 KiB to 1 MiB; default 1 MiB.</summary>
    [Range(256 * 1024, 1024 * 1024)]
    public int MostBytes { get; set; } = 1024 * 1024;

    /// <summary>How long nothing must have been dropped before sampling ends. 1 second to 1 minute; default 5 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan Quiet { get; set; } = TimeSpan.FromSeconds(5);
}
