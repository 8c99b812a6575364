using Coordinator.Testing;
using Gateway.Tests.Harness;
using Grpc.Core;

namespace Gateway.Tests.Tails;

/// <summary>Coordinators that go while a tail is read, and readers that do not read.</summary>
public sealed class AttachAgainTests : TailTests
{
    public AttachAgainTests() => Time = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_ThatEnds_IsTakenUpWhereItWas(bool byRestart)
    {
        await using var socket = await OpenAsync();
        await socket.SendAsync(RawSocket.Text, """{"filters":[7]}""");
        await AskedAsync(2);
        Tail.Send(1, "1", "2");
        Tail.Send(3, "3");
        if (byRestart)
        {
            Tail.Close(1012, "the coordinator stops");
        }
        else
        {
            Tail.Break();
        }

        Tail.Send(4, "4");
        foreach (var frame in (string[])["1", "2", "3"])
        {
            Assert.Equal(frame, await socket.ReadTextAsync());
        }

        var next = socket.ReadTextAsync();
        await UntilAsync(next);
        Assert.Equal("4", await next);
        var again = Tail.Requests.Last();
        Assert.Equal((Capability, 3, "[7]"), (again.Capability, again.After, again.Filters.ToStringUtf8()));
    }

    [Fact]
    public async Task Coordinator_ThatStops_IsFollowedByAnother()
    {
        await using var other = await FakeCoordinator.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(options => options.Coordinators = [.. options.Coordinators, other.Address]);
        var (one, two) = (new FakeTail(gateway.Coordinator), new FakeTail(other));
        await using var socket = await RawSocket.OpenAsync(gateway.Address, Path);
        var (first, second) = one.Requests.IsEmpty ? (two, one) : (one, two);
        first.Send(5, "5");
        first.Close(1012, "the coordinator stops");
        second.Send(6, "6");
        Assert.Equal("5", await socket.ReadTextAsync());
        Assert.Equal("6", await socket.ReadTextAsync());
        Assert.Equal(5, second.Requests.Single().After);
    }

    [Fact]
    public async Task NoCoordinator_ForTenSeconds_ClosesForARestart()
    {
        await using var socket = await OpenAsync();
        var began = Time!.GetTimestamp();
        Gateway.Coordinator.Refuse("Attach", new RpcException(new(StatusCode.Unavailable, "away")));
        Tail.Break();
        var closing = socket.ReadCloseAsync();
        await UntilAsync(closing);
        Assert.Equal((1012, "no coordinator can be reached"), await closing);
        Assert.True(Time.GetElapsedTime(began) >= TimeSpan.FromSeconds(9), "it was tried for ten seconds");
    }

    [Theory]
    [InlineData(StatusCode.NotFound, 4000, "tail expired")]
    [InlineData(StatusCode.InvalidArgument, 1008, "what is wrong")]
    [InlineData(StatusCode.Unimplemented, 1011, "internal error")]
    public async Task Tail_RefusedAfterwards_IsClosed(StatusCode status, int code, string reason)
    {
        await using var socket = await OpenAsync();
        Gateway.Coordinator.Refuse("Attach", new RpcException(new(status, "what is wrong")));
        Tail.Break();
        var closing = socket.ReadCloseAsync();
        await UntilAsync(closing);
        Assert.Equal((code, reason), await closing);
    }

    [Fact]
    public async Task Reader_ThatDoesNotRead_IsCut()
    {
        await using var socket = await OpenAsync();
        var frames = Enumerable.Repeat($"\"{new string('x', 60_000)}\"", 10).ToArray();
        for (var i = 0; i < 200; i++)
        {
            Tail.Send((i * 10) + 1, frames);
        }

        await UntilAsync(EndedAsync());
        Assert.Contains(Gateway.Log.All, line => line.Contains("was cut", StringComparison.Ordinal));
    }
}
