using System.ComponentModel.DataAnnotations;

namespace Coordinator.Storage.Redis;

/// <summary>How Redis is reached.</summary>
internal sealed class RedisOptions
{
    /// <summary>A StackExchange.Redis configuration: <c>host:port</c>, options after commas. Sentinel and Cluster are chosen by it.</summary>
    [Required]
    public string Configuration { get; set; } = "";

    /// <summary>
    /// How long a call may take before its outcome counts as unknown; a command that arrives later changes nothing. 100 ms to 30 s; default 2 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:00:30")]
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How many calls may be under way at once; what comes above waits for its turn, and the time of a call begins with it. Renewals of
    /// streams are gathered instead and do not wait. 1 to 10,000; default 256.
    /// </summary>
    [Range(1, 10_000)]
    public int CallsAtOnce { get; set; } = 256;

    /// <summary>How often fitness (version, role, eviction policy) is looked at. 100 ms to 1 minute; default 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan FitnessInterval { get; set; } = TimeSpan.FromSeconds(2);
}
