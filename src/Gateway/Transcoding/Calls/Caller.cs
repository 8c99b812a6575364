using Coordinator.Gateway.Surfaces;
using Grpc.Core;
using Microsoft.Extensions.Primitives;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>What the coordinator is told of who asks. The gateway judges no credential.</summary>
internal sealed class Caller(GatewayOptions options, ClientAddress addresses)
{
    private const string Scheme = "Bearer";
    private const int MaxTokenLength = 8 << 10;

    /// <summary>Two credentials were sent, so that nobody knows which one is meant.</summary>
    public static bool HasTwo(HttpContext http) => http.Request.Headers.Authorization.Count > 1;

    /// <summary>The metadata of a call; without a credential where there are two.</summary>
    public Metadata MetadataOf(HttpContext http, Envelope envelope)
    {
        var authorization = http.Request.Headers.Authorization;
        var metadata = new Metadata { { "x-client-address", addresses.Of(http).ToString() } };
        if (!HasTwo(http) && TokenOf(http, authorization, envelope) is { } token)
        {
            metadata.Add("authorization", $"{Scheme} {(CanTravel(token) ? token : StandIn(token))}");
        }

        if (options.GatewayToken is { } own)
        {
            metadata.Add("x-gateway-token", own);
        }

        return metadata;
    }

    private static string? TokenOf(HttpContext http, StringValues authorization, Envelope envelope)
    {
        if (authorization.Count == 0)
        {
            return envelope.TokenHeader is { } name && http.Request.Headers[name] is [{ Length: > 0 } token] ? token : null;
        }

        return authorization.ToString().Split(' ', 2, StringSplitOptions.TrimEntries) is [var scheme, { Length: > 0 } bearer]
            && scheme.Equals(Scheme, StringComparison.OrdinalIgnoreCase) ? bearer : null;
    }

    private static bool CanTravel(string token) => token.Length <= MaxTokenLength && token.All(letter => letter is >= ' ' and <= '~');

    // Such a token cannot be in a header of a call and is nobody's. Something else that is nobody's, and the same each time, goes in
    // its place: so it is refused, and counted against the limits, like every unknown one.
    private static string StandIn(string token) => $"unfit.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)))}";
}
