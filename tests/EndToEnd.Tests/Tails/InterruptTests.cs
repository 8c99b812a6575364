using Coordinator.Testing;
using EndToEnd.Tests.Harness;

namespace EndToEnd.Tests.Tails;

/// <summary>A wrangler that ends leaves no tail behind, whether it still could say so or not.</summary>
public sealed class InterruptTests(TailWorld world) : IClassFixture<TailWorld>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(Signal.Interrupt)]
    [InlineData(Signal.Kill)]
    internal async Task Wrangler_Signalled_LeavesNoTail(Signal signal)
    {
        using var rest = new Rest(world.Gateway.Address, CoordinatorProcess.Token);
        await using var wrangler = Wrangler.Json(world.Gateway);
        await wrangler.EventsAsync(seen => seen.Count > 0, Bound, "an event is shown");
        Assert.Equal(1, await TailWorld.CountAsync(rest));
        wrangler.Process.Send(signal);
        await wrangler.Process.ExitAsync(Bound);
        await Eventually.TrueAsync(async () => await TailWorld.CountAsync(rest) == 0, TailWorld.Grace + TimeSpan.FromSeconds(2), "the tail is gone");
    }
}
