using System.ComponentModel.DataAnnotations;

namespace Coordinator.Tunnels;

/// <summary>What tunnels are called, how many there may be, and how long they are kept.</summary>
internal sealed class TunnelOptions
{
    /// <summary>
    /// What stands behind the slug in a hostname; <c>{account}</c> in it becomes the account's id. Slugs are unique within an account: where
    /// several share the coordinators, the domain names the account. Default tunnels.localhost.
    /// </summary>
    [Required, RegularExpression(@"^(?:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?|\{account\})(?:\.(?:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?|\{account\}))*$",
        ErrorMessage = "The domain of tunnels must be a lower-case DNS name, in which {account} may stand for a label.")]
    public string Domain { get; set; } = "tunnels.localhost";

    /// <summary>The most active tunnels of an account. 1 to 1,000; default 5.</summary>
    [Range(1, 1_000)]
    public int MostActive { get; set; } = 5;

    /// <summary>How long a tunnel lives without a heartbeat. 1 second to 1 hour; default 60 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan LeaseTtl { get; set; } = TimeSpan.FromSeconds(60);
}
