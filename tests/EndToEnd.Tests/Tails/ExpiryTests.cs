using Coordinator.Testing;

namespace EndToEnd.Tests.Tails;

/// <summary>Tails that reach the end of their time while they are read: a wrangler that can open another goes on, and one that cannot is told.</summary>
public sealed class ExpiryTests(ExpiryWorld world) : IClassFixture<ExpiryWorld>
{
    private const string Lost = "Tail connection lost. Reconnecting (attempt 1 of 5)";
    private const string Again = "Reconnected to demo-worker.";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task Wrangler_TailExpiresTwice_OpensAFreshOneEachTimeAndShowsEvents()
    {
        var wrangler = world.Pretty;
        await wrangler.ShowsAsync(Again, Bound, times: 2);
        await wrangler.ShowsAsync(" @ ", Bound, times: wrangler.Shown(" @ ") + 1);
        Assert.Equal(0, wrangler.Shown("attempt 2"));
    }

    [Fact]
    public async Task Wrangler_TailExpiresTwice_ShowsNothingTwice()
    {
        var wrangler = world.Json;
        await wrangler.ShowsAsync(Lost, Bound, times: 2);
        var before = wrangler.Events().Count;
        var events = await wrangler.EventsAsync(seen => seen.Count >= before + 2, Bound, "it goes on");
        var times = events.Select(one => one.GetProperty("eventTimestamp").GetInt64()).ToList();
        Assert.Equal(times.Distinct().Order(), times);
    }

    // It takes any close for the end; unclosed, it would wait for ever.
    [Fact]
    public async Task OlderWrangler_TailExpires_Ends()
    {
        await world.Older.Process.ExitAsync(Bound);
        Assert.Equal(1, world.Older.Shown("Connected to demo-worker, waiting for logs..."));
        Assert.NotEqual(0, world.Older.Shown(" @ "));
    }

    [Fact]
    public async Task Socket_TailExpires_IsToldSoAtOnce()
    {
        var (socket, lasted) = await world.Socket;
        Assert.Equal((4_000, "tail expired"), ((int)socket.CloseStatus!, socket.CloseStatusDescription));
        Assert.InRange(lasted, ExpiryWorld.Life, ExpiryWorld.Life + TimeSpan.FromSeconds(2));
    }
}
