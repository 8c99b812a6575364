using Benchmarks.Load;
using Benchmarks.Report;
using Benchmarks.Servers;
using Benchmarks.Subjects;
using Coordinator.V1;
using Grpc.Core;
using System.Text;

namespace Benchmarks.Suites;

/// <summary>A tunnel's heartbeat through the gateway, beside etcd's keep-alive through its own, and beside an echo through the same two hops.</summary>
internal sealed class RestSuite : ISuite
{
    private const int Callers = 64;

    public string Name => "rest";

    public async IAsyncEnumerable<Row> RunAsync(Bench bench)
    {
        bench.Say($"REST heartbeats, {Callers} callers");
        var fleet = bench.Fleet;
        var (redis, coordinator, gateway) = (await fleet.RedisAsync().ConfigureAwait(false), await fleet.CoordinatorAsync().ConfigureAwait(false), await fleet.GatewayAsync().ConfigureAwait(false));
        var (etcd, echo, echoGateway) = (await fleet.EtcdAsync().ConfigureAwait(false), await fleet.EchoAsync().ConfigureAwait(false), await fleet.EchoGatewayAsync().ConfigureAwait(false));
        using var channels = new Channels(coordinator, 1);
        using var etcdChannels = new Channels(etcd, 1);
        await using var all = new Entrants();
        var tunnels = new Tunnels.TunnelsClient(channels.Next());
        var (ours, theirs) = (new List<RestCaller>(), new List<RestCaller>());
        for (var i = 0; i < Callers; i++)
        {
            var tunnel = await tunnels.CreateAsync(new() { Port = 1 + i }, Channels.Headers).ConfigureAwait(false);
            ours.Add(new(gateway, $"/v1/tunnels/{tunnel.TunnelId}/heartbeat", "\"ok\":true"));
            var lease = await EtcdStream.GrantAsync(etcdChannels.Next()).ConfigureAwait(false);
            theirs.Add(new(etcd, "/v3/lease/keepalive", "\"TTL\":\"3600\"", Encoding.UTF8.GetBytes($$"""{"ID":"{{lease}}"}""")));
        }

        all.Add("redis", ours, 1, gateway, coordinator, redis);
        all.Add("etcd", theirs, 1, etcd);
        all.Add("echo", [.. Enumerable.Range(0, Callers).Select(i => new RestCaller(echoGateway, $"/v1/tunnels/{i}/heartbeat", "\"ok\":true"))], 1, echoGateway, echo);
        var rows = await Contest.RunAsync(bench, all.Contestants,
            new($"REST heartbeat, {Callers} callers", Metric.Rate, "/s", "redis", "etcd", "echo", "≥ 2× etcd, ≥ 70 % of the echo",
                row => row.ToPeer!.Median >= 2 && row.ToLimit!.Median >= 0.7),
            new($"REST heartbeat, {Callers} callers, p99", Metric.P99, "ms", "redis", "etcd", "echo")).ConfigureAwait(false);
        foreach (var row in rows)
        {
            yield return row;
        }
    }
}
