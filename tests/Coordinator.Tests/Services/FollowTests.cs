using Coordinator.Storage;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Coordinator.Tests.Services;

/// <summary>Event logs over the wire: pages, following, gaps, positions.</summary>
public sealed class FollowTests
{
    private const int Kept = 100;

    [Fact]
    public async Task Follow_FromTheBeginning_CatchesUpThenIsLive()
    {
        await using var host = await RunningHost.StartAsync();
        var lease = await host.AcquireAsync("log");
        await host.AppendAsync(lease, 1, Events(250));
        using var follow = host.Events.Follow(new() { Resource = "log" }, RunningHost.Headers);
        Assert.Equal(Enumerable.Range(1, 250).Select(i => (long)i), (await TakeAsync(follow, 250)).Select(stored => stored.Sequence));
        for (var batch = 2; batch <= 10; batch++)
        {
            var appended = await host.AppendAsync(lease, batch, Events(1));
            var stored = Assert.Single(await TakeAsync(follow, 1));
            Assert.Equal((appended.LastSequence, lease.Token, "holder", (long)batch), (stored.Sequence, stored.Token, stored.Holder, stored.BatchSequence));
        }
    }

    [Fact]
    public async Task Follow_LogThatIsNotThereYet_WaitsForIt()
    {
        await using var host = await RunningHost.StartAsync();
        using var follow = host.Events.Follow(new() { Resource = "later" }, RunningHost.Headers);
        await host.AppendAsync(await host.AcquireAsync("later"), 1, Events(2));
        Assert.Equal(2, (await TakeAsync(follow, 2)).Count);
    }

    [Fact]
    public async Task Follow_ResumedAtAnyPosition_GivesTheRestOnce()
    {
        await using var host = await RunningHost.StartAsync();
        await host.AppendAsync(await host.AcquireAsync("log"), 1, Events(7));
        for (var after = 0; after < 7; after++)
        {
            using var follow = host.Events.Follow(new() { Resource = "log", AfterSequence = after }, RunningHost.Headers);
            Assert.Equal(Enumerable.Range(after + 1, 7 - after).Select(i => (long)i), (await TakeAsync(follow, 7 - after)).Select(stored => stored.Sequence));
        }
    }

    [Fact] // E7
    public async Task FollowAndRead_BehindRetention_BeginWithTheGapByItsPositions()
    {
        await using var host = await RunningHost.StartAsync(services => services.Configure<StoreRetention>(retention => retention.EventsPerLog = Kept));
        await host.AppendAsync(await host.AcquireAsync("log"), 1, Events(150));
        var read = await host.Events.ReadAsync(new() { Resource = "log", AfterSequence = 10 }, RunningHost.Headers);
        using var follow = host.Events.Follow(new() { Resource = "log", AfterSequence = 10 }, RunningHost.Headers);
        var first = await follow.ResponseStream.NextAsync();
        Assert.Equal(new Gap { FromSequence = 11, ToSequence = 51 }, read.Gap);
        Assert.Equal(new Gap { FromSequence = 11, ToSequence = 51 }, first.Gap);
        Assert.Equal((51, 51, 150L), (read.Events[0].Sequence, first.Events[0].Sequence, read.LastSequence));
        Assert.Null((await host.Events.ReadAsync(new() { Resource = "log", AfterSequence = 50 }, RunningHost.Headers)).Gap);
    }

    [Theory]
    [InlineData(4, StatusCode.OutOfRange, "POSITION_BEYOND_END")]
    [InlineData(long.MaxValue, StatusCode.OutOfRange, "POSITION_BEYOND_END")]
    [InlineData(-1, StatusCode.InvalidArgument, "INVALID_FIELD")]
    [InlineData(long.MinValue, StatusCode.InvalidArgument, "INVALID_FIELD")]
    public async Task FollowAndRead_ImpossiblePosition_IsRefused(long after, StatusCode code, string reason)
    {
        await using var host = await RunningHost.StartAsync();
        await host.AppendAsync(await host.AcquireAsync("log"), 1, Events(3));
        var read = await Statuses.RefusedAsync(host.Events.ReadAsync(new() { Resource = "log", AfterSequence = after }, RunningHost.Headers));
        using var follow = host.Events.Follow(new() { Resource = "log", AfterSequence = after }, RunningHost.Headers);
        var followed = await Statuses.RefusedAsync(follow.ResponseStream);
        Assert.Equal((code, reason, code, reason), (read.StatusCode, read.Reason(), followed.StatusCode, followed.Reason()));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1_001)]
    public async Task Read_PageSizeOutOfBounds_IsInvalidArgument(int size)
    {
        await using var host = await RunningHost.StartAsync();
        Assert.Equal(StatusCode.InvalidArgument, (await Statuses.RefusedAsync(host.Events.ReadAsync(new() { Resource = "log", PageSize = size }, RunningHost.Headers))).StatusCode);
    }

    [Fact]
    public async Task Read_InPages_GivesEachEventOnce()
    {
        await using var host = await RunningHost.StartAsync();
        await host.AppendAsync(await host.AcquireAsync("log"), 1, Events(1_000));
        foreach (var size in new[] { 0, 1, 99, 100, 101, 333, 1_000 })
        {
            var seen = new List<long>();
            while (seen.Count < (size == 1 ? 5 : 1_000))
            {
                var page = await host.Events.ReadAsync(new() { Resource = "log", AfterSequence = seen.LastOrDefault(), PageSize = size }, RunningHost.Headers);
                Assert.InRange(page.Events.Count, 1, size == 0 ? 100 : size);
                seen.AddRange(page.Events.Select(stored => stored.Sequence));
            }

            Assert.Equal(Enumerable.Range(1, seen.Count).Select(i => (long)i), seen);
        }
    }

    [Fact] // an answer must fit what clients receive by default: 4 MiB
    public async Task ReadAndFollow_LargeEvents_StayBelowWhatClientsReceive()
    {
        await using var host = await RunningHost.StartAsync();
        var lease = await host.AcquireAsync("log");
        for (var batch = 1; batch <= 12; batch++)
        {
            await host.AppendAsync(lease, batch, new Event { Type = "t", Payload = ByteString.CopyFrom(new byte[(1 << 20) - 1]) });
        }

        var page = await host.Events.ReadAsync(new() { Resource = "log", PageSize = 1_000 }, RunningHost.Headers);
        Assert.InRange(page.CalculateSize(), 1 << 20, 4 << 20);
        using var follow = host.Events.Follow(new() { Resource = "log" }, RunningHost.Headers);
        var seen = 0;
        while (seen < 12)
        {
            var next = await follow.ResponseStream.NextAsync();
            Assert.InRange(next.CalculateSize(), 1, 4 << 20);
            seen += next.Events.Count;
        }
    }

    [Fact] // X4: nobody has to be waited for
    public async Task Follow_ProcessStops_EndsAtOnceWithDraining()
    {
        await using var host = await RunningHost.StartAsync();
        await host.AppendAsync(await host.AcquireAsync("log"), 1, Events(1));
        using var follow = host.Events.Follow(new() { Resource = "log" }, RunningHost.Headers);
        await TakeAsync(follow, 1);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var ended = Statuses.RefusedAsync(follow.ResponseStream);
        await host.StopAsync();
        Assert.Equal((StatusCode.Unavailable, "DRAINING"), ((await ended).StatusCode, (await ended).Reason()));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(4));
    }

    [Fact] // a peer that takes nothing is cut
    public async Task Follow_ByAPeerThatDoesNotRead_IsCut()
    {
        await using var host = await RunningHost.StartAsync(services =>
            services.Configure<Coordinator.Services.StreamOptions>(stream => stream.WriteWithin = TimeSpan.FromMilliseconds(300)));
        var lease = await host.AcquireAsync("log");
        for (var batch = 1; batch <= 20; batch++)
        {
            await host.AppendAsync(lease, batch, new Event { Type = "t", Payload = ByteString.CopyFrom(new byte[1_000_000]) });
        }

        using var follow = host.Events.Follow(new() { Resource = "log" }, RunningHost.Headers);
        await follow.ResponseHeadersAsync;
        await Coordinator.Testing.Eventually.TrueAsync(
            () => host.Log.At(Microsoft.Extensions.Logging.LogLevel.Trace).Any(line => line.Contains("does not read", StringComparison.Ordinal)),
            TimeSpan.FromSeconds(10), "the follower is cut");
    }

    private static Event[] Events(int count) => [.. Enumerable.Range(0, count).Select(i => new Event { Type = $"t{i}", Payload = ByteString.CopyFromUtf8($"{i}") })];

    private static async Task<List<StoredEvent>> TakeAsync(AsyncServerStreamingCall<FollowResponse> follow, int count)
    {
        var events = new List<StoredEvent>();
        while (events.Count < count)
        {
            events.AddRange((await follow.ResponseStream.NextAsync()).Events);
        }

        return events;
    }
}
