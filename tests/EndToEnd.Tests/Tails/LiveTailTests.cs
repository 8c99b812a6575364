using EndToEnd.Tests.Harness;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>A live tail is its user's as long as he says so: over sockets, at another coordinator than the worker's, beside busy tails.</summary>
[Collection(PairCollection.Name)]
public sealed class LiveTailTests(PairWorld world)
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Beat = PairWorld.LiveTtl / 4;

    [Fact] // T4
    public async Task Heartbeat_RenewsAllOfTheUserInTheAccount_AndNobodyElses()
    {
        await using var numbers = await Numbers.StartAsync(world.Near, "live", "lively");
        using var ann = new Rest(world.Gateway.Address, await world.UserAsync("ann"));
        using var bob = new Rest(world.Gateway.Address, await world.UserAsync("bob"));
        using var annElsewhere = new Rest(world.Gateway.Address, await world.UserAsync("ann", elsewhere: true));
        await using var one = await OpenAsync(ann, "live");
        await using var other = await OpenAsync(ann, "lively");
        await using var every = await OpenAsync(ann, null);
        await using var bobs = await OpenAsync(bob, "live");
        await using var elsewhere = await OpenAsync(annElsewhere, null, PairWorld.OtherTenant);
        var opened = TimeProvider.System.GetUtcNow();
        Ending[] unrenewed = [new(bobs), new(elsewhere)];

        // Of all of hers, longer than one lasts by itself.
        await BeatAsync(ann, opened + (PairWorld.LiveTtl * 2), script: null);
        foreach (var ended in unrenewed)
        {
            await AssertExpiredAsync(ended, opened);
        }

        var last = numbers.Last;
        await one.ReadAsync(frame => Number(frame) > last);
        await other.ReadAsync(frame => Number(frame) > last);
        await every.ReadAsync(frame => Number(frame) > last);
        Assert.Contains(bobs.Messages, frame => Number(frame) > 0);
        Assert.Empty(elsewhere.Messages);

        // Of one script: those that are another's end.
        var ends = new Ending(other);
        await BeatAsync(ann, TimeProvider.System.GetUtcNow() + PairWorld.LiveTtl + Slack, script: "live");
        await AssertExpiredAsync(ends, null);
        last = numbers.Last;
        await one.ReadAsync(frame => Number(frame) > last);
        await every.ReadAsync(frame => Number(frame) > last);

        // Of none any longer.
        var stopped = TimeProvider.System.GetUtcNow();
        foreach (var ended in (Ending[])[new(one), new(every)])
        {
            await AssertExpiredAsync(ended, stopped);
        }

        var nothing = await ann.PostAsync($"{SocketTail.LivePath(CoordinatorProcess.Tenant)}/heartbeat");
        Assert.Equal((HttpStatusCode.OK, false), (nothing.Status, nothing.Headers.ContainsKey("Lease-Expires-At")));
        await using var gone = await Coordinator.Testing.RawSocket.OpenAsync(world.Gateway.Address, one.Path);
        Assert.Equal(404, gone.Status);
    }

    // Also where it is of every script, the busy one is not looked for.
    private Task<SocketTail> OpenAsync(Rest user, string? script, string tenant = CoordinatorProcess.Tenant) => SocketTail.StartLiveAsync(
        user, world.Gateway, tenant, script, new { key = "$workers.scriptName", operation = "starts_with", type = "string", value = "live" });

    // Each says until when: the time to live from now, in whole seconds.
    private static async Task BeatAsync(Rest user, DateTimeOffset until, string? script)
    {
        using var timer = new PeriodicTimer(Beat, TimeProvider.System);
        while (TimeProvider.System.GetUtcNow() < until)
        {
            var sent = TimeProvider.System.GetUtcNow();
            var path = $"{SocketTail.LivePath(CoordinatorProcess.Tenant)}/heartbeat";
            var answer = script is null ? await user.PostAsync(path) : await user.PostAsync(path, new { scriptId = script });
            Assert.Equal("""{"messages":[{"message":"Successful request"}],"success":true,"errors":[],"result":{}}""", answer.Text);
            var expires = DateTimeOffset.ParseExact(answer.Headers["Lease-Expires-At"], "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
            Assert.InRange(expires, sent + PairWorld.LiveTtl - TimeSpan.FromSeconds(1), TimeProvider.System.GetUtcNow() + PairWorld.LiveTtl);
            await timer.WaitForNextTickAsync();
        }
    }

    // A time to live after the last word of its user, and showing nothing of later.
    private static async Task AssertExpiredAsync(Ending ending, DateTimeOffset? lastWord)
    {
        var (closing, at) = await ending.Over;
        Assert.Equal((4000, "live tail expired"), closing);
        if (lastWord is { } word)
        {
            Assert.InRange(at, word, word + PairWorld.LiveTtl + Slack);
            Assert.All(ending.Tail.Messages, frame => Assert.True(frame.GetProperty("timestamp").GetInt64() <= (word + PairWorld.LiveTtl + Slack).ToUnixTimeMilliseconds()));
        }
    }

    // 0 for a frame of a log alone.
    private static long Number(JsonElement frame) =>
        frame.GetProperty("$metadata").GetProperty("type").GetString() == "cf-worker-event" ? Numbers.Of(frame.GetProperty("source")) : 0;

    /// <summary>A tail that is read to its end, and when that is.</summary>
    private sealed class Ending
    {
        public Ending(SocketTail tail) => (Tail, Over) = (tail, ReadAsync(tail));

        public SocketTail Tail { get; }

        public Task<((int Code, string Reason) Closing, DateTimeOffset At)> Over { get; }

        private static async Task<((int, string), DateTimeOffset)> ReadAsync(SocketTail tail)
        {
            await Task.Yield();
            return (await tail.ReadCloseAsync(), TimeProvider.System.GetUtcNow());
        }
    }
}
