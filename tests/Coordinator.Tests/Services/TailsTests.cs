using Coordinator.Tails;
using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;

namespace Coordinator.Tests.Services;

/// <summary>Tails from a worker's stream to their readers, as callers on the wire see them. Alone, because readers keep them by real seconds.</summary>
[Collection(nameof(Alone))]
public sealed class TailsTests : TailsWorld
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [Fact] // T3
    public async Task Traces_OfATailedScript_ComeInOrderAndOnlyWhatTheFiltersPass()
    {
        // More than is gathered before it is judged, fewer than a reader may be behind.
        const int Shipped = 600;
        // Not shown, but judged.
        string pad = new('x', 8_000);
        using var worker = await ConnectAsync("s", "other");
        var tail = await Client.StartAsync(StartOf("s", """[{"outcome":["exception"]}]"""), RunningHost.Headers);
        await DemandAsync(worker, "s", 1);
        using var reader = await AttachedAsync(tail.Url);
        for (var i = 0; i < Shipped; i++)
        {
            await SendAsync(worker, "s", $$"""{"outcome":"{{(i % 2 == 0 ? "exception" : "ok")}}","z":{{i}}.50,"a":9007199254740993,"pad":"{{(i % 2 == 0 ? "" : pad)}}"}""");
            await SendAsync(worker, "other", """{"outcome":"exception"}""");
        }

        var frames = await FramesAsync(reader, Shipped / 2);
        Assert.Equal(Enumerable.Range(0, Shipped / 2).Select(i => $"{i * 2}.50"), frames.Select(frame => frame.GetProperty("z").GetRawText()));
        Assert.All(frames, frame => Assert.Equal(("s", "9007199254740993"), (frame.GetProperty("scriptName").GetString(), frame.GetProperty("a").GetRawText())));
    }

    [Fact]
    public async Task Demand_IsToldWhenItBeginsChangesAndEnds()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s", """[{"sampling_rate":0.25}]"""), RunningHost.Headers);
        Assert.Equal(0.25, (await DemandAsync(worker, "s", 1)).SamplingRate);
        var other = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        Assert.Equal(1, (await DemandAsync(worker, "s", 2)).SamplingRate);
        await Client.DeleteAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Id = other.Id }, RunningHost.Headers);
        await DemandAsync(worker, "s", 1);
        using var late = await ConnectAsync("s");
        await DemandAsync(late, "s", 1);
        await Client.DeleteAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Id = tail.Id }, RunningHost.Headers);
        await DemandAsync(worker, "s", 0);
    }

    [Fact] // T4
    public async Task Expiry_IsForEverybodyBeforeTheReaderIsTold()
    {
        await using var brief = await RunningHost.StartAsync(services => services.Configure<TailOptions>(tails =>
            (tails.AheadOfWorkers, tails.Life) = (true, TimeSpan.FromSeconds(1))));
        var tail = await brief.Tails.StartAsync(StartOf("s"), RunningHost.Headers);
        using var reader = brief.Tails.Attach();
        await reader.RequestStream.WriteAsync(new() { Capability = tail.Url.Split('/')[^1] });
        Assert.Empty((await reader.ResponseStream.NextAsync()).Frames);
        var closing = (await reader.ResponseStream.NextAsync()).Closing;
        Assert.Equal((4000, "tail expired"), (closing.Code, closing.Reason));
        Assert.Empty((await brief.Tails.ListAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s" }, RunningHost.Headers)).Tails);
    }

    [Fact] // T4
    public async Task Delete_EndsItsReaderAtOnce()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        using var reader = await AttachedAsync(tail.Url);
        await Client.DeleteAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Id = tail.Id }, RunningHost.Headers);
        Assert.Equal(1000, (await reader.ResponseStream.NextAsync()).Closing.Code);
        using var late = new CancellationTokenSource(Bound);
        Assert.False(await reader.ResponseStream.MoveNext(late.Token));
    }

    [Fact]
    public async Task Attach_Again_ReplacesTheFirstReader()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        using var first = await AttachedAsync(tail.Url);
        using var second = await AttachedAsync(tail.Url);
        Assert.Equal(4001, (await first.ResponseStream.NextAsync()).Closing.Code);
        await DemandAsync(worker, "s", 1);
        await SendAsync(worker, "s", """{"outcome":"ok"}""");
        Assert.Single(await FramesAsync(second, 1));
    }

    [Fact]
    public async Task Reader_ThatLeaves_LeavesNoTailBehind()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        using (var reader = await AttachedAsync(tail.Url))
        {
            // Longer than the grace: a reader that is there keeps its tail.
            var until = TimeProvider.System.GetTimestamp();
            await Eventually.TrueAsync(() => TimeProvider.System.GetElapsedTime(until) > TimeSpan.FromSeconds(3), Bound, "the grace is over");
            Assert.Single((await Client.ListAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s" }, RunningHost.Headers)).Tails);
        }

        await Eventually.TrueAsync(
            async () => (await Client.ListAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s" }, RunningHost.Headers)).Tails.Count == 0, Bound, "the tail is gone");
        await DemandAsync(worker, "s", 0);
    }

    [Fact]
    public async Task Reader_MayAskForSomethingElse()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        await DemandAsync(worker, "s", 1);
        using var reader = await AttachedAsync(tail.Url);
        await reader.RequestStream.WriteAsync(new() { Filters = ByteString.CopyFromUtf8("""[{"sampling_rate":0.5},{"outcome":["ok"]}]""") });
        Assert.Equal(0.5, (await DemandAsync(worker, "s", 1)).SamplingRate);
    }

    [Fact]
    public async Task LiveTail_LastsAsLongAsItsUserBeats()
    {
        using var worker = await ConnectAsync("s");
        var opened = await Client.OpenLiveAsync(new() { AccountId = RunningHost.Tenant, Origin = "ws://here" }, RunningHost.Headers);
        await DemandAsync(worker, "s", 1);
        using var reader = await AttachedAsync(opened.WsUrl);
        await SendAsync(worker, "s", """{"outcome":"ok","event":{"cron":"* * * * *","scheduledTime":1}}""");
        Assert.Equal("s", (await FramesAsync(reader, 1))[0].GetProperty("$workers").GetProperty("scriptName").GetString());
        using var beat = Client.LiveHeartbeatAsync(new() { AccountId = RunningHost.Tenant }, RunningHost.Headers);
        await beat;
        Assert.Matches("^[0-9-]{10}T[0-9:]{8}Z$", (await beat.ResponseHeadersAsync).GetValue("lease-expires-at"));
        var end = (await reader.ResponseStream.NextAsync()).Closing;
        Assert.Equal((4000, "live tail expired"), (end.Code, end.Reason));
        using var none = Client.LiveHeartbeatAsync(new() { AccountId = RunningHost.Tenant }, RunningHost.Headers);
        await none;
        Assert.Null((await none.ResponseHeadersAsync).GetValue("lease-expires-at"));
    }

    [Fact]
    public async Task Heartbeat_OfOneScript_LeavesTheOthersAlone()
    {
        using var worker = await ConnectAsync("s", "t");
        foreach (var script in new[] { "s", "t" })
        {
            await Client.OpenLiveAsync(new() { AccountId = RunningHost.Tenant, ScriptId = script, Origin = "ws://here" }, RunningHost.Headers);
        }

        var until = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(
            async () =>
            {
                await Client.LiveHeartbeatAsync(new() { AccountId = RunningHost.Tenant, ScriptId = "s" }, RunningHost.Headers);
                return TimeProvider.System.GetElapsedTime(until) > TimeSpan.FromSeconds(2.5);
            },
            Bound, "the other is over");
        var leases = (await Host.Leases.ListAsync(new() { Prefix = "live:" }, RunningHost.Headers)).Leases;
        Assert.Single(leases);
    }

    [Fact]
    public async Task Traces_OfAScriptNotNamedOrOutOfBounds_AreRefused()
    {
        using var worker = await ConnectAsync("s");
        await SendAsync(worker, "t", "{}");
        Assert.Equal("INVALID_FIELD", (await worker.ResponseStream.NextAsync()).Refused.Status.Info().Reason);
        var many = new Traces { Script = "s" };
        many.Events.AddRange(Enumerable.Repeat(ByteString.CopyFromUtf8("{}"), 1_001));
        await worker.RequestStream.WriteAsync(new() { Traces = many });
        Assert.Equal("INVALID_FIELD", (await worker.ResponseStream.NextAsync()).Refused.Status.Info().Reason);
    }
}
