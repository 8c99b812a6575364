using Coordinator.Leases;
using Coordinator.Services;

namespace Coordinator.Tests.Services;

/// <summary>What the wire rounds, it rounds to the safe side.</summary>
public sealed class WireTests
{
    [Theory]
    [InlineData(5_000_000, 5_000)]
    [InlineData(5_000_001, 5_001)]
    [InlineData(5_000_999, 5_001)]
    public void ToWire_EndWithinAMillisecond_IsNotToldEarlier(long microseconds, long expected)
    {
        var at = DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds);
        var change = new LeaseChange(0, 1, "tenant", "resource", 1, "holder", EndReason.Expired, at);
        Assert.Equal(expected, change.ToWire().AtMs);
    }
}
