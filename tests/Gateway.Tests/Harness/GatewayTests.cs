using Gateway.Tests.V1;

namespace Gateway.Tests.Harness;

/// <summary>A gateway and a fake coordinator of a test class's own, for each of its tests.</summary>
public abstract class GatewayTests : IAsyncLifetime
{
    internal RunningGateway Gateway { get; private set; } = null!;

    internal FakeCoordinator Coordinator => Gateway.Coordinator;

    /// <summary>The last book that the coordinator was asked about.</summary>
    internal Book Book => Assert.IsType<Book>(Coordinator.Last.Request);

    public async Task InitializeAsync() => Gateway = await RunningGateway.StartAsync();

    public async Task DisposeAsync() => await Gateway.DisposeAsync();
}
