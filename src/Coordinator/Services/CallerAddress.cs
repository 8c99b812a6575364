using Coordinator.Credentials;
using System.Net;

namespace Coordinator.Services;

/// <summary>
/// Where a call comes from: the peer of its connection, or the client that a gateway names. A gateway is believed by its own
/// credential, and nobody else is, whatever headers they send.
/// </summary>
internal sealed class CallerAddress(CredentialLookup credentials)
{
    private const string GatewayToken = "x-gateway-token";
    private const string ClientAddress = "x-client-address";

    public async ValueTask<IPAddress> OfAsync(HttpContext call)
    {
        var peer = call.Connection.RemoteIpAddress ?? IPAddress.None;
        var headers = call.Request.Headers;
        return headers[ClientAddress] is [{ } client] && headers[GatewayToken] is [{ } token] && IPAddress.TryParse(client, out var named)
            && await credentials.FindAsync(token, call.RequestAborted).ConfigureAwait(false) is { Kind: CredentialKind.Gateway }
            ? named
            : peer;
    }
}
