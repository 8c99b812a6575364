using System.Net;
using System.Net.Sockets;

namespace Coordinator.Limits;

/// <summary>A client's address as limits see it.</summary>
internal static class ClientAddress
{
    private const int NetworkBytes = 8;

    /// <summary>IPv4 as IPv4, also where it arrived over IPv6.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>
    /// What is counted together: an IPv4 address, or the /64 of an IPv6 one, because a subscriber has all of a /64 and can take another
    /// address of it for every call.
    /// </summary>
    public static string Subject(IPAddress address)
    {
        var plain = Plain(address);
        return plain.AddressFamily == AddressFamily.InterNetworkV6
            ? $"{Convert.ToHexStringLower(plain.GetAddressBytes().AsSpan(0, NetworkBytes))}/64"
            : plain.ToString();
    }
}
