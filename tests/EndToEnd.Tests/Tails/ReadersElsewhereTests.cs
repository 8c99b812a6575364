using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Net;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>What readers get who read at another coordinator than the worker's, beside busy tails.</summary>
[Collection(PairCollection.Name)]
public sealed class ReadersElsewhereTests(PairWorld world)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    // One coordinator tells the other that a tail is over: what is emitted later than this is surely not delivered.
    private static readonly TimeSpan Told = TimeSpan.FromSeconds(1);

    [Fact] // T3
    public async Task Tails_OfOneScript_SeeTheirShareInOrderAndOnce()
    {
        using var rest = new Rest(world.Gateway.Address, world.Token);
        await using var numbers = await Numbers.StartAsync(world.Near, "shares", "others");
        await using var all = await SocketTail.StartAsync(rest, world.Gateway, "shares");
        await using var even = await SocketTail.StartAsync(rest, world.Gateway, "shares", new { method = new[] { "GET" } });
        await using var odd = await SocketTail.StartAsync(rest, world.Gateway, "shares", new { query = "an odd" });
        await using var some = await SocketTail.StartAsync(rest, world.Gateway, "shares", new { sampling_rate = 0.5 });
        await using var others = await SocketTail.StartAsync(rest, world.Gateway, "others");
        SocketTail[] tails = [all, even, odd, some, others];
        foreach (var tail in tails)
        {
            await tail.ReadAsync(_ => true);
        }

        var until = numbers.Last + 200;
        foreach (var tail in tails)
        {
            await tail.ReadAsync(message => Numbers.Of(message) >= until);
            var seen = tail.Messages.Select(Numbers.Of).ToList();
            Assert.Equal(seen.Distinct().Order(), seen);
            Assert.All(tail.Messages, message => Assert.Equal(tail == others ? "others" : "shares", message.GetProperty("scriptName").GetString()));
        }

        AssertEvery(1, all, others);
        AssertEvery(2, even, odd);
        Assert.All(even.Messages, message => Assert.Equal(0, Numbers.Of(message) % 2));
        Assert.All(odd.Messages, message => Assert.Equal(1, Numbers.Of(message) % 2));
        Assert.InRange(some.Messages.Count, 40, 190);
    }

    [Fact] // T3
    public async Task Connection_BesideAnother_ReplacesItAndRepeatsNothing()
    {
        using var rest = new Rest(world.Gateway.Address, world.Token);
        await using var numbers = await Numbers.StartAsync(world.Near, "replaced");
        await using var first = await SocketTail.StartAsync(rest, world.Gateway, "replaced");
        await first.ReadAsync(_ => true);
        await using var second = await first.AgainAsync(world.Gateway);
        Assert.Equal((4001, "another reader has come"), await first.ReadCloseAsync());
        var until = numbers.Last + 50;
        await second.ReadAsync(message => Numbers.Of(message) >= until);
        AssertEvery(1, first, second);
        Assert.True(Numbers.Of(first.Messages[^1]) < Numbers.Of(second.Messages[0]), "what the first has seen is not repeated");
    }

    [Fact] // T4
    public async Task Tail_Deleted_DeliversNothingMore()
    {
        using var rest = new Rest(world.Gateway.Address, world.Token);
        await using var elsewhere = await GatewayProcess.StartAsync(world.Near);
        using var near = new Rest(elsewhere.Address, CoordinatorProcess.Token);
        await using var numbers = await Numbers.StartAsync(world.Near, "deleted");
        foreach (var by in (Rest[])[rest, near])
        {
            await using var deleted = await SocketTail.StartAsync(rest, world.Gateway, "deleted");
            await using var stays = await SocketTail.StartAsync(rest, world.Gateway, "deleted");
            await deleted.ReadAsync(_ => true);
            await stays.ReadAsync(_ => true);
            var answer = await by.DeleteAsync($"{TailWorld.Tails("deleted")}/{deleted.Id}");
            var last = numbers.Last;
            Assert.Equal((HttpStatusCode.OK, """{"errors":[],"messages":[],"success":true}"""), (answer.Status, answer.Text));
            Assert.Equal((1000, "tail deleted"), await deleted.ReadCloseAsync());
            Assert.InRange(Numbers.Of(deleted.Messages[^1]), 1, last);
            await AssertGoneAsync(deleted);
            // The other one goes on.
            await stays.ReadAsync(message => Numbers.Of(message) > last + 20);
            AssertEvery(1, deleted, stays);
            Assert.Equal(HttpStatusCode.NotFound, (await rest.DeleteAsync($"{TailWorld.Tails("deleted")}/{deleted.Id}")).Status);
        }
    }

    [Fact] // T4
    public async Task Tail_Expired_DeliversNothingMore()
    {
        var life = TimeSpan.FromSeconds(3);
        await using var brief = await CoordinatorProcess.StartAsync(world.Store.Redis!.Configuration, "--tail-ttl-seconds", $"{life.TotalSeconds}");
        await using var gateway = await GatewayProcess.StartAsync(brief);
        using var rest = new Rest(gateway.Address, CoordinatorProcess.Token);
        await using var numbers = await Numbers.StartAsync(world.Near, "expiring");
        var before = TimeProvider.System.GetUtcNow();
        await using var tail = await SocketTail.StartAsync(rest, gateway, "expiring");
        var after = TimeProvider.System.GetUtcNow();
        await tail.ReadAsync(_ => true);
        Assert.Equal((4000, "tail expired"), await tail.ReadCloseAsync());
        Assert.InRange(TimeProvider.System.GetUtcNow(), before + life, after + life + TimeSpan.FromSeconds(2));
        Assert.InRange(Instant(tail.Messages[^1]), before, after + life + Told);
        var last = numbers.Last;
        AssertEvery(1, tail);
        await AssertGoneAsync(tail);
        await Eventually.TrueAsync(() => numbers.Last > last + 20, Bound, "the worker goes on");
        Assert.Equal(0, (await rest.GetAsync(TailWorld.Tails("expiring"))).Json.GetProperty("result").GetProperty("tails").GetArrayLength());
    }

    private static DateTimeOffset Instant(JsonElement message) => DateTimeOffset.FromUnixTimeMilliseconds(message.GetProperty("eventTimestamp").GetInt64());

    // Its URL opens nothing any longer, in either way.
    private async Task AssertGoneAsync(SocketTail tail)
    {
        await using var socket = await RawSocket.OpenAsync(world.Gateway.Address, tail.Path);
        Assert.Equal(404, socket.Status);
        var events = await RawHttp.SendAsync(world.Gateway.Port, "GET", tail.Path, ["Accept: text/event-stream"]);
        Assert.Equal(404, events.Status);
    }

    // They come one after the other, and nothing is missing.
    private static void AssertEvery(int step, params SocketTail[] tails) => Assert.All(tails, tail =>
    {
        var seen = tail.Messages.Select(Numbers.Of).ToList();
        Assert.Equal(Enumerable.Range(0, seen.Count).Select(i => seen[0] + (i * step)), seen);
    });
}
