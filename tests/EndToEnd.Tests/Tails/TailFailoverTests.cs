using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>Coordinators die under a tail that is being read.</summary>
public sealed class TailFailoverTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    // One after the other, so that both the one that the worker is connected to and the one that is read have died.
    [Fact]
    public async Task Tail_CoordinatorsKilled_GoesOnShowingEvents()
    {
        await using var store = await TestStore.StartAsync("redis");
        await using var first = await store.CoordinatorAsync();
        await using var second = await store.CoordinatorAsync();
        await using var worker = await TailWorld.WorkAsync(first, second);
        await using var gateway = await GatewayProcess.StartAsync(first, second);
        await using var wrangler = Wrangler.Json(gateway);
        await GoesOnAsync(wrangler);
        await KillAsync(first);
        await GoesOnAsync(wrangler);
        await using var again = await CoordinatorProcess.StartAtAsync(first.Port, store.Redis!.Configuration, CoordinatorProcess.Tenant, CoordinatorProcess.Token);
        await KillAsync(second);
        var events = await GoesOnAsync(wrangler);
        var times = events.Select(one => one.GetProperty("eventTimestamp").GetInt64()).ToList();
        Assert.Equal(times.Distinct().Order(), times);
    }

    private static async Task KillAsync(CoordinatorProcess coordinator)
    {
        coordinator.Process.Send(Signal.Kill);
        await coordinator.Process.ExitAsync(Bound);
    }

    private static async Task<List<JsonElement>> GoesOnAsync(Wrangler wrangler)
    {
        var before = wrangler.Events().Count;
        return await wrangler.EventsAsync(seen => seen.Count >= before + 2, Bound, "two more events are shown");
    }
}
