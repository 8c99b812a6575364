using Coordinator.Credentials;
using Coordinator.Limits;
using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Coordinator;

/// <summary>How one coordinator process runs.</summary>
internal sealed class CoordinatorOptions : IValidatableObject
{
    /// <summary>The address to listen on in clear text; anything but loopback needs <see cref="InsecureListen"/>. Default 127.0.0.1.</summary>
    public IPAddress Address { get; set; } = IPAddress.Loopback;

    /// <summary>The gRPC port. 0 to 65535, 0 for any that is free; default 50051.</summary>
    [Range(0, 65_535, ErrorMessage = "--grpc-port must be 0 to 65535.")]
    public int GrpcPort { get; set; } = 50_051;

    /// <summary>Allows clear text beyond loopback. Default false.</summary>
    public bool InsecureListen { get; set; }

    /// <summary>A Redis configuration; null for the in-process store. Default null.</summary>
    public string? Redis { get; set; }

    /// <summary>The token of the development tenant's administrator: any string that a header can carry, of 1 to 1,024 characters.</summary>
    public string Token { get; set; } = "";

    /// <summary>What a gateway shows to have its clients' addresses believed: as <see cref="Token"/>, but another. Null for none; the default.</summary>
    public string? GatewayToken { get; set; }

    /// <summary>The development tenant: 32 lower-case hex characters.</summary>
    [RegularExpression("^[0-9a-f]{32}$", ErrorMessage = "--tenant must be 32 lower-case hex characters.")]
    [Required(ErrorMessage = "--tenant must be 32 lower-case hex characters.")]
    public string Tenant { get; set; } = "";

    /// <summary>Whether server reflection answers. Default true.</summary>
    public bool Reflection { get; set; } = true;

    /// <summary>How long sessions may take to move away when the process stops. 0 to 9 s; default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:09", ErrorMessage = "--drain-seconds must be 0 to 9.")]
    public TimeSpan Drain { get; set; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc cref="Tunnels.TunnelOptions.Domain"/>
    [Required]
    public string TunnelDomain { get; set; } = "tunnels.localhost";

    /// <inheritdoc cref="Tunnels.TunnelOptions.MostActive"/>
    [Range(1, 1_000, ErrorMessage = "--tunnels-per-account must be 1 to 1000.")]
    public int TunnelsPerAccount { get; set; } = 5;

    /// <inheritdoc cref="Tunnels.TunnelOptions.LeaseTtl"/>
    [Range(1, 3_600, ErrorMessage = "--tunnel-ttl-seconds must be 1 to 3600.")]
    public int TunnelTtlSeconds { get; set; } = 60;

    /// <inheritdoc cref="Workers.WorkerOptions.PresenceTtl"/>
    [Range(1, 86_400, ErrorMessage = "--presence-ttl-seconds must be 1 to 86400.")]
    public int PresenceTtlSeconds { get; set; } = 900;

    /// <inheritdoc cref="Tails.TailOptions.Life"/>
    [Range(1, 86_400, ErrorMessage = "--tail-ttl-seconds must be 1 to 86400.")]
    public int TailTtlSeconds { get; set; } = 21_600;

    /// <inheritdoc cref="Tails.TailOptions.ReaderGrace"/>
    [Range(1, 600, ErrorMessage = "--tail-grace-seconds must be 1 to 600.")]
    public int TailGraceSeconds { get; set; } = 30;

    /// <inheritdoc cref="Tails.TailOptions.LiveTtl"/>
    [Range(1, 3_600, ErrorMessage = "--live-tail-ttl-seconds must be 1 to 3600.")]
    public int LiveTailTtlSeconds { get; set; } = 90;

    /// <inheritdoc cref="Tails.TailOptions.MostPerScript"/>
    [Range(1, 1_000, ErrorMessage = "--tails-per-script must be 1 to 1000.")]
    public int TailsPerScript { get; set; } = 10;

    /// <inheritdoc cref="Tails.TailOptions.AheadOfWorkers"/>
    public bool TailsAheadOfWorkers { get; set; }

    /// <summary>Run reports a minute of each client address. 0 to 1,000,000, 0 for no limit; default 600.</summary>
    [Range(0, 1_000_000, ErrorMessage = "--rate-limit-runs must be 0 to 1000000.")]
    public int RateLimitRuns { get; set; } = LimitRules.DefaultRuns;

    /// <summary>Tunnel calls a minute of each credential. 0 to 1,000,000, 0 for no limit; default 100.</summary>
    [Range(0, 1_000_000, ErrorMessage = "--rate-limit-tunnels must be 0 to 1000000.")]
    public int RateLimitTunnels { get; set; } = LimitRules.DefaultTunnels;

    /// <summary>Client addresses that no limit counts. Default none.</summary>
    public IReadOnlyList<IPNetwork> RateLimitExempt { get; set; } = [];

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IPAddress.IsLoopback(Address) && !InsecureListen)
        {
            yield return new($"Clear text beyond this machine shows every token: {Address} needs --insecure-listen.");
        }

        if (Fault(Token) is { } fault)
        {
            yield return new($"The token {fault}");
        }

        if (GatewayToken is { } gateway && (Fault(gateway) ?? (gateway == Token ? "must not be the administrator's." : null)) is { } wrong)
        {
            yield return new($"The gateway token {wrong}");
        }
    }

    private static string? Fault(string token) =>
        !Tokens.FitsHeader(token) ? $"must be 1 to {Tokens.MaxLength} visible ASCII characters, spaces only within."
        : Tokens.LooksWhole(token) ? null
        : "was mistyped or cut: its check characters do not fit.";
}
