using Coordinator.Testing;
using EndToEnd.Tests.Harness;

namespace EndToEnd.Tests.Tails;

/// <summary>A wrangler that ends leaves no tail behind, and a tail that ends leaves no wrangler behind.</summary>
[Collection(TailCollection.Name)]
public sealed class InterruptTests(TailWorld world)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    // Interrupted, this wrangler exits before its DELETE is on the way: that its socket is gone must be enough, as for one that is killed.
    [Fact]
    public async Task Wrangler_InterruptedOrKilled_LeavesNoTail()
    {
        using var rest = new Rest(world.Gateway.Address, CoordinatorProcess.Token);
        await using var interrupted = Wrangler.Json(world.Gateway);
        await using var killed = Wrangler.Json(world.Gateway);
        await interrupted.EventsAsync(seen => seen.Count > 0, Bound, "an event is shown");
        await killed.EventsAsync(seen => seen.Count > 0, Bound, "an event is shown");
        Assert.Equal(2, await TailWorld.CountAsync(rest));
        interrupted.Process.Send(Signal.Interrupt);
        killed.Process.Send(Signal.Kill);
        await interrupted.Process.ExitAsync(Bound);
        await killed.Process.ExitAsync(Bound);
        await Eventually.TrueAsync(async () => await TailWorld.CountAsync(rest) == 0, TailWorld.Grace + TimeSpan.FromSeconds(2), "the tails are gone");
    }

    [Fact]
    public async Task Tail_Deleted_EndsItsWrangler()
    {
        using var rest = new Rest(world.Gateway.Address, CoordinatorProcess.Token);
        await using var wrangler = Wrangler.Json(world.Gateway);
        await wrangler.EventsAsync(seen => seen.Count > 0, Bound, "an event is shown");
        var tail = (await rest.GetAsync(TailWorld.Tails())).Json.GetProperty("result").GetProperty("id").GetString();
        var deleted = await rest.DeleteAsync($"{TailWorld.Tails()}/{tail}");
        Assert.Equal("""{"errors":[],"messages":[],"success":true}""", deleted.Text);
        await wrangler.Process.ExitAsync(Bound);
        Assert.Equal(0, await TailWorld.CountAsync(rest));
    }
}
