using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Coordinator.Gateway;

/// <summary>How one gateway process runs.</summary>
internal sealed class GatewayOptions
{
    /// <summary>The HTTP port, on 127.0.0.1. 0 to 65535, 0 for any that is free; default 8080.</summary>
    [Range(0, 65_535)]
    public int HttpPort { get; set; } = 8_080;

    /// <summary>The coordinators, any of which serves any request. At least one; default http://127.0.0.1:50051.</summary>
    [Required, MinLength(1)]
    public Uri[] Coordinators { get; set; } = [new("http://127.0.0.1:50051")];

    /// <summary>Whose word about the client's address counts: networks of the proxies in front. Default none.</summary>
    public IPNetwork[] TrustedProxies { get; set; } = [];

    /// <summary>Where callers reach the gateway, for URLs in answers: http or https, without a path. Default null, for what each request names as its host.</summary>
    public Uri? PublicUrl { get; set; }

    /// <summary>Whether the tails of a script are listed as the bare array of the live API. Default false, for the object of the documented page.</summary>
    public bool BareTailsList { get; set; }

    /// <summary>How many tails may be read at once through this process. At least 1; default 10,000.</summary>
    [Range(1, int.MaxValue)]
    public int MaxTailReaders { get; set; } = 10_000;

    /// <summary>The gateway's own credential, with which coordinators believe it the client's address; null for none. Never printed.</summary>
    public string? GatewayToken { get; set; }
}
