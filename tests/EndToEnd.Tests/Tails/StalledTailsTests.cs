using Coordinator.Testing;
using System.Text.Json;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace EndToEnd.Tests.Tails;

/// <summary>T1, T2: a hundred tails of one script, ten of them stalled, cost its worker and the store nothing, and nobody else anything.</summary>
public sealed class StalledTailsTests(CrowdWorld world, Xunit.Abstractions.ITestOutputHelper output) : IClassFixture<CrowdWorld>
{
    private const int Frames = 100;
    private const int PerFrame = 10;
    private const int Rounds = 4;
    private const int LargeBytes = 100_000;
    private const int LargePerFrame = 8;

    // What may be there of what stalled readers were sent: of each the coordinator keeps 1 MiB and the response that is being written, 16 messages
    // at most, and the gateway one such response. Above it is what the runtime has not collected. All that they were sent in a round is 800 MB.
    private const long MostGrowth = 250L << 20;

    // The 1 MiB that the coordinator keeps, and what is on its way through two connections, each with buffers of its own, and the gateway.
    private const long MostBehind = 3L << 20;
    private const int Bytes = 4_000;
    private static readonly TimeSpan CutWithin = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    // A third of what the worker's lease lasts: so late a heartbeat may be.
    private static readonly TimeSpan AckBound = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Tails_ManyAndStalled_CostNobodyElse()
    {
        Assert.Single(world.Followers);
        var one = await PublishedAsync();
        await world.CrowdAsync();
        await world.StallAsync();
        var hundred = await PublishedAsync();
        Assert.InRange(one, 1, Frames);
        Assert.InRange(hundred, 1, Frames);

        var (coordinator, gateway) = (new List<long>(), new List<long>());
        var cut = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var clock = Stopwatch.StartNew();
            await world.StallAsync();
            cut = world.Cut;
            for (var i = 0; i < Frames; i++)
            {
                await world.Worker.ShipLargeAsync(LargePerFrame, LargeBytes);
                await world.Worker.ShipAsync(1);
            }

            await world.CaughtUpAsync(Bound);
            coordinator.Add(world.Coordinator.Process.WorkingSet);
            gateway.Add(world.Gateway.Process.WorkingSet);
            output.WriteLine($"{clock.Elapsed}: coordinator {coordinator[^1] >> 20} MiB, gateway {gateway[^1] >> 20} MiB; {world.Worker.Acks} acks, the slowest after {world.Worker.SlowestAck}");
        }

        Assert.InRange(coordinator.Skip(1).Max() - coordinator[0], long.MinValue, MostGrowth);
        Assert.InRange(gateway.Skip(1).Max() - gateway[0], long.MinValue, MostGrowth);
        Assert.InRange(world.Worker.SlowestAck, TimeSpan.Zero, AckBound);

        // The last round's are cut: an event has waited for each of them for ten seconds.
        await Eventually.TrueAsync(() => world.Cut == cut + CrowdWorld.Stalled, CutWithin, "those that do not read are cut");
    }

    [Fact]
    public async Task Reader_ThatStalls_IsToldWithinThreeMebibytesThatItIsSampled_AndThenHowMuch()
    {
        const int Shipped = 1_500;
        await using var tail = await world.TailAsync();
        await world.Worker.ShipAsync(1);
        await tail.ReadAsync(_ => true);
        for (var i = 0; i < Shipped / PerFrame; i++)
        {
            await world.Worker.ShipLargeAsync(PerFrame, Bytes);
        }

        await world.Worker.ShipAsync(1);
        await world.CaughtUpAsync(Bound);
        await tail.ReadAsync(message => Kind(message) == "overload");
        var before = tail.Messages.Sum(message => (long)message.GetRawText().Length);
        var stop = await tail.ReadAsync(message => Kind(message) == "overload-stop");
        output.WriteLine($"{before} bytes before the notice; {stop}");
        Assert.InRange(before, 0, MostBehind);
        // What it was not sent is counted: all that was shipped is the one or the other.
        var shown = tail.Messages.Count(message => Kind(message) is null);
        Assert.Equal(Shipped + 2, shown + stop.GetProperty("event").GetProperty("dropped").GetInt64());
    }

    // What a notice of a tail's own is called.
    private static string? Kind(JsonElement message) => message.GetProperty("event").TryGetProperty("type", out var kind) ? kind.GetString() : null;

    private async Task<long> PublishedAsync()
    {
        var before = await world.Redis.CallsAsync("spublish");
        for (var i = 0; i < Frames; i++)
        {
            await world.Worker.ShipAsync(PerFrame);
        }

        await world.CaughtUpAsync(Bound);
        return await world.Redis.CallsAsync("spublish") - before;
    }
}
