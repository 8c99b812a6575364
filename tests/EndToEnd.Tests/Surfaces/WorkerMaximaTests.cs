using EndToEnd.Tests.Harness;
using System.Net;

namespace EndToEnd.Tests.Surfaces;

/// <summary>Heartbeats of workers arrive in any order and more than once.</summary>
[Collection(SurfaceCollection.Name)]
public sealed class WorkerMaximaTests(SurfaceWorld world)
{
    private const int Count = 1_000;
    private static readonly DateTimeOffset Begin = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Heartbeat_AThousandShuffledAndRepeated_LeavesExactlyTheMaxima()
    {
        using var rest = new Rest(world.Gateway.Address, await world.TokenAsync("*"));
        var registered = (await rest.PostAsync("/v1/workers", new { })).Json;
        var path = $"/v1/workers/{registered.GetProperty("workerId").GetString()}";
        using var worker = new Rest(world.Gateway.Address, registered.GetProperty("activityToken").GetString());

        // Half of them are different; the latest activity is not in the latest heartbeat.
        var random = new Random(7);
        var beats = Enumerable.Range(0, Count / 2).Select(at => new Beat(Begin.AddSeconds(at), at % 3 == 0 ? Begin.AddSeconds((at * 7919) % 5_000) : null)).ToList();
        var sent = beats.Concat(beats).OrderBy(_ => random.Next()).ToList();
        await Parallel.ForEachAsync(sent, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (beat, _) =>
        {
            var answer = await worker.PostAsync($"{path}/activity-heartbeat", new { isActiveRecently = beat.Active is not null, sentAt = Text(beat.Sent), lastActivityAt = beat.Active is { } active ? Text(active) : null });
            Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
            Assert.True(answer.Json.GetProperty("lastHeartbeatAt").GetDateTimeOffset() >= beat.Sent, $"{answer.Text} after {beat}");
            Assert.True(beat.Active is null || answer.Json.GetProperty("lastActiveAt").GetDateTimeOffset() >= beat.Active, $"{answer.Text} after {beat}");
        });
        var left = (await rest.GetAsync(path)).Json.GetProperty("worker");
        Assert.Equal(Text(beats.Max(beat => beat.Sent)), left.GetProperty("lastHeartbeatAt").GetString());
        Assert.Equal(Text(beats.Max(beat => beat.Active)!.Value), left.GetProperty("lastActiveAt").GetString());
    }

    private static string Text(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private sealed record Beat(DateTimeOffset Sent, DateTimeOffset? Active);
}
