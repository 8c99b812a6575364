using Coordinator.Leases;
using Coordinator.Tests.Services.Harness;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.DependencyInjection;
using Status = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Coordinator.Tests.Services;

/// <summary>grpc.health.v1: for probes, without a credential.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task Check_EveryMappedService_IsServing()
    {
        await using var host = await RunningHost.StartAsync();
        var services = host.Endpoints.Select(method => method.ServiceName).Distinct().ToArray();
        Assert.Contains("coordinator.v1.Sessions", services);
        foreach (var service in services.Append(""))
        {
            Assert.Equal((service, Status.Serving), (service, (await host.Health.CheckAsync(new() { Service = service })).Status));
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1 << 20)] // is not sent back in a status
    public async Task Check_UnknownService_IsNotFound(int length)
    {
        await using var host = await RunningHost.StartAsync();
        var refused = await Statuses.RefusedAsync(host.Health.CheckAsync(new() { Service = new('x', length) }));
        Assert.Equal(StatusCode.NotFound, refused.StatusCode);
    }

    [Fact]
    public async Task Check_StoreNotReady_IsNotServingAndStillAnswers()
    {
        var store = new TestHealth { Reason = "Redis evicts keys: run CONFIG SET maxmemory-policy noeviction." };
        await using var host = await RunningHost.StartAsync(services => services.AddSingleton<IStoreHealth>(store));
        Assert.Equal(Status.NotServing, (await host.Health.CheckAsync(new())).Status);
        store.Reason = null;
        Assert.Equal(Status.Serving, (await host.Health.CheckAsync(new())).Status);
        Assert.Contains(host.Log.At(Microsoft.Extensions.Logging.LogLevel.Warning), line => line.Contains("CONFIG SET", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watch_TellsEachMoveAndTheDrain()
    {
        var store = new TestHealth();
        await using var host = await RunningHost.StartAsync(services => services.AddSingleton<IStoreHealth>(store));
        using var known = host.Health.Watch(new() { Service = "coordinator.v1.Leases" });
        using var unknown = host.Health.Watch(new() { Service = "none" });
        Assert.Equal(Status.Serving, (await known.ResponseStream.NextAsync()).Status);
        Assert.Equal(Status.ServiceUnknown, (await unknown.ResponseStream.NextAsync()).Status);
        store.Reason = "away";
        Assert.Equal(Status.NotServing, (await known.ResponseStream.NextAsync()).Status);
        store.Reason = null;
        Assert.Equal(Status.Serving, (await known.ResponseStream.NextAsync()).Status);
        var stopping = host.StopAsync();
        Assert.Equal(Status.NotServing, (await known.ResponseStream.NextAsync()).Status);
        await stopping;
    }

    private sealed class TestHealth : IStoreHealth
    {
        private volatile string? _reason;

        public bool Ready => _reason is null;

        public string? Reason
        {
            get => _reason;
            set => _reason = value;
        }

        public string Durability => "test";
    }
}
