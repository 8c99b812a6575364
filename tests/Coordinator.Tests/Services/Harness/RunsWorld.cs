using Coordinator.Testing;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Tests.Services.Harness;

/// <summary>A coordinator on virtual time, and runs in it.</summary>
public abstract class RunsWorld : IAsyncLifetime
{
    private protected ManualTime Time { get; } = new();

    private protected RunningHost Host { get; private set; } = null!;

    private protected V1.Runs.RunsClient Client => Host.Runs;

    public async Task InitializeAsync() => Host = await RunningHost.StartAsync(time: Time);

    public async Task DisposeAsync() => await Host.DisposeAsync();

    private protected static async Task<string> ReasonAsync<T>(AsyncUnaryCall<T> call) => (await Statuses.RefusedAsync(call)).Reason();

    private protected async Task<Run> QueueAsync(string lane = "web", string operation = "") =>
        (await Client.QueueAsync(new() { LaneKey = lane, Title = "a run", OperationId = operation }, RunningHost.Headers)).Run;

    private protected async Task<string> ClaimedAsync()
    {
        var id = (await QueueAsync()).Id;
        await Client.ClaimAsync(new() { Id = id, WorkerId = "w" }, RunningHost.Headers);
        return id;
    }
}
