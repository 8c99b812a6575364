using Coordinator.Testing;

namespace EndToEnd.Tests.Tails;

/// <summary>Tails of thousands of events a second still answer pings: for a minute, beside the other tests of these processes.</summary>
[Collection(PairCollection.Name)]
public sealed class BusySocketTests(PairWorld world, Xunit.Abstractions.ITestOutputHelper output)
{
    [Fact]
    public async Task Pings_OfABusyTail_AreAllAnsweredInTime()
    {
        await world.Busy.Over;
        foreach (var socket in world.Busy.Sockets)
        {
            output.WriteLine($"every {socket.Every}: {socket.Pongs} pongs, the slowest after {socket.Slowest}; {socket.Messages} messages");
            Assert.InRange(socket.Pongs, BusyTails.Length / socket.Every / 2, double.PositiveInfinity);
            Assert.True(socket.Messages > BusyTails.Length.TotalSeconds * 100, $"The tail was not busy: {socket.Messages} messages in {BusyTails.Length}.");
        }
    }
}
