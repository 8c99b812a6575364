using System.Net;
using System.Net.Sockets;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>
/// Whose request it is: the peer of the connection, or, where that is a proxy of our own, the nearest hop of X-Forwarded-For that is
/// none. What stands further left anybody could have written.
/// </summary>
internal sealed class ClientAddress(GatewayOptions options)
{
    private const string Forwarded = "X-Forwarded-For";

    public IPAddress Of(HttpContext http) => Of(http.Connection.RemoteIpAddress ?? IPAddress.None, http.Request.Headers[Forwarded].ToString());

    public IPAddress Of(IPAddress peer, string forwarded)
    {
        var client = Plain(peer);
        var hops = forwarded.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        for (var i = hops.Length - 1; i >= 0 && IsTrusted(client) && Parse(hops[i]) is { } hop; i--)
        {
            client = hop;
        }

        return client;
    }

    private bool IsTrusted(IPAddress address) => Array.Exists(options.TrustedProxies, network => network.Contains(address));

    // Some proxies add the port.
    private static IPAddress? Parse(string hop) =>
        IPAddress.TryParse(hop, out var address) ? Plain(address)
        : IPEndPoint.TryParse(hop, out var endpoint) ? Plain(endpoint.Address)
        : null;

    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress(address.GetAddressBytes())
        : address;
}
