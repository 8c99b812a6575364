using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Servers;
using Benchmarks.Subjects;
using Coordinator.V1;
using Grpc.Core;
using System.Net;

namespace Benchmarks.Suites;

/// <summary>Whether the time of a refusal tells that another account has what was asked for.</summary>
internal sealed class TimingSuite : ISuite
{
    private const int Callers = 4;
    private const string Refusal = "TUNNEL_NOT_FOUND";

    public string Name => "timing";

    public async IAsyncEnumerable<Row> RunAsync(Bench bench)
    {
        bench.Say("refusals of what is nobody's and of what is another account's");
        var redis = await bench.Fleet.RedisAsync().ConfigureAwait(false);
        var gateway = await bench.Fleet.GatewayAsync().ConfigureAwait(false);
        await using var other = await Fleet.CoordinatorAsync(redis, tenant: Fleet.OtherTenant).ConfigureAwait(false);
        using var channels = new Channels(other, 1);
        var theirs = await new Tunnels.TunnelsClient(channels.Next()).CreateAsync(
            new() { Port = 80 }, new Metadata { { "authorization", $"Bearer {Fleet.OtherToken}" } }).ConfigureAwait(false);
        await using var all = new Entrants();
        all.Add("foreign", Callings(gateway, theirs.TunnelId), 1);
        all.Add("unknown", Callings(gateway, Guid.NewGuid().ToString()), 1);
        foreach (var row in await Contest.RunAsync(bench, all.Contestants,
            new Line("refusal of another account's tunnel beside nobody's, p50", Metric.P50, "ms", "foreign", "unknown", null, "within 5 %",
                row => row.ToPeer!.Median is > 0.95 and < 1.05)).ConfigureAwait(false))
        {
            yield return row;
        }
    }

    private static IReadOnlyList<IBeats> Callings(Server gateway, string tunnel) =>
        [.. Enumerable.Range(0, Callers).Select(_ => new RestCaller(gateway, $"/v1/tunnels/{tunnel}/heartbeat", Refusal, status: HttpStatusCode.NotFound))];
}
