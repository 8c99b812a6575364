using Coordinator.Records;
using Coordinator.Storage.Embedded;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using System.Collections.Concurrent;
using System.Reflection;

namespace Coordinator.Tests.Services;

/// <summary>S2: what is another account's is looked for exactly as what nobody has.</summary>
public sealed class StoreCallsTests
{
    [Fact]
    public async Task Foreign_AndMissing_MakeTheSameCallsToTheStore()
    {
        var calls = new ConcurrentQueue<string>();
        await using var host = await RunningHost.StartAsync(services => services.AddSingleton(provider =>
            CountedRecords.Around(new EmbeddedRecordStore(provider.GetRequiredService<EmbeddedState>()), calls)));
        var stranger = host.Credentials.Add("stranger", tenant: new('f', 32));
        var run = (await host.Runs.QueueAsync(new() { LaneKey = "web", Title = "t" }, RunningHost.Headers)).Run.Id;
        var worker = (await host.Workers.RegisterAsync(new(), RunningHost.Headers)).WorkerId;
        var tunnel = await host.Tunnels.CreateAsync(new() { Port = 1, RequestedSlug = "mine" }, RunningHost.Headers);
        (string Foreign, string Missing, Func<string, Task<RpcException>> Call)[] pairs =
        [
            (run, Guid.NewGuid().ToString(), id => Statuses.RefusedAsync(host.Runs.GetAsync(new() { Id = id }, stranger))),
            (run, Guid.NewGuid().ToString(), id => Statuses.RefusedAsync(host.Runs.ReportAsync(new() { Id = id, WorkerId = "w" }, stranger))),
            (worker, "wrk_01h455vb4pex5vsknk084sn02q", id => Statuses.RefusedAsync(host.Workers.RecordHeartbeatAsync(new() { Id = id, IsActiveRecently = true }, stranger))),
            (tunnel.TunnelId, Guid.NewGuid().ToString(), id => Statuses.RefusedAsync(host.Tunnels.HeartbeatAsync(new() { Id = id }, stranger))),
            (tunnel.Hostname, "none.tunnels.localhost", id => Statuses.RefusedAsync(host.Tunnels.HeartbeatAsync(new() { Id = id }, stranger))),
        ];
        foreach (var (foreign, missing, call) in pairs)
        {
            calls.Clear();
            var first = await call(foreign);
            var ofForeign = calls.ToArray();
            calls.Clear();
            var second = await call(missing);
            Assert.NotEmpty(ofForeign);
            Assert.Equal(ofForeign, calls);
            Assert.Equal((first.StatusCode, first.Reason()), (second.StatusCode, second.Reason()));
        }
    }
}

/// <summary>A record store that notes which of its methods are called.</summary>
public class CountedRecords : DispatchProxy
{
    private IRecordStore _store = null!;
    private ConcurrentQueue<string> _calls = null!;

    internal static IRecordStore Around(IRecordStore store, ConcurrentQueue<string> calls)
    {
        var proxy = Create<IRecordStore, CountedRecords>();
        ((CountedRecords)(object)proxy)._store = store;
        ((CountedRecords)(object)proxy)._calls = calls;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        _calls.Enqueue(targetMethod!.Name);
        return targetMethod.Invoke(_store, args);
    }
}
