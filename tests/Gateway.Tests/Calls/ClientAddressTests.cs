using Coordinator.Gateway;
using Coordinator.Gateway.Transcoding.Calls;
using System.Net;

namespace Gateway.Tests.Calls;

/// <summary>Whose address counts.</summary>
public sealed class ClientAddressTests
{
    private static readonly ClientAddress Behind = new(new GatewayOptions { TrustedProxies = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("fd00::/8")] });

    [Theory]
    [InlineData("192.0.2.1", "", "192.0.2.1")]
    [InlineData("192.0.2.1", "198.51.100.1", "192.0.2.1")]
    [InlineData("10.0.0.1", "", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1")]
    [InlineData("10.0.0.1", "198.51.100.1:8080", "198.51.100.1")]
    [InlineData("10.0.0.1", "[2001:db8::1]:8080", "2001:db8::1")]
    [InlineData("10.0.0.1", "198.51.100.1, garbage", "10.0.0.1")]
    [InlineData("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3")]
    [InlineData("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1")]
    [InlineData("::ffff:192.0.2.1", "198.51.100.1", "192.0.2.1")]
    [InlineData("fd00::1", "2001:db8::1%eth0", "2001:db8::1")]
    public void Of_PeerAndHops_IsTheNearestThatIsNoProxy(string peer, string forwarded, string client) =>
        Assert.Equal(client, Behind.Of(IPAddress.Parse(peer), forwarded).ToString());
}
