using Coordinator.Credentials;
using Coordinator.Events;
using Coordinator.Leases;
using Coordinator.Limits;
using Coordinator.Records;
using Coordinator.Storage;
using Coordinator.Storage.Embedded;
using Coordinator.Storage.Redis;
using Coordinator.Tails;
using Coordinator.Testing;

namespace Coordinator.Tests.Storage;

/// <summary>A store under the contract, and a way to let its clock pass.</summary>
internal abstract class StoreHarness : IAsyncDisposable
{
    public abstract ILeaseStore Leases { get; }

    public abstract IEventStore Events { get; }

    public abstract IRecordStore Records { get; }

    public abstract ICredentialStore Credentials { get; }

    public abstract ILimitStore Limits { get; }

    public abstract ITraceChannel Traces { get; }

    public abstract Task AdvanceAsync(TimeSpan by);

    public abstract ValueTask DisposeAsync();

    public static StoreRetention SmallRetention { get; } = new() { EventsPerLog = 100, ChangesPerPartition = 100 };
}

/// <summary>The in-process store on virtual time.</summary>
internal sealed class EmbeddedHarness : StoreHarness
{
    private readonly ManualTime _time = new();

    public EmbeddedHarness()
    {
        var state = new EmbeddedState(_time, SmallRetention);
        Leases = new EmbeddedLeaseStore(state);
        Events = new EmbeddedEventStore(state);
        Records = new EmbeddedRecordStore(state);
        Credentials = new EmbeddedCredentialStore(_time);
        Limits = new EmbeddedLimitStore(_time);
    }

    public override ILeaseStore Leases { get; }

    public override IEventStore Events { get; }

    public override IRecordStore Records { get; }

    public override ICredentialStore Credentials { get; }

    public override ILimitStore Limits { get; }

    public override ITraceChannel Traces { get; } = new EmbeddedTraceChannel();

    public override Task AdvanceAsync(TimeSpan by)
    {
        _time.Advance(by);
        return Task.CompletedTask;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A real Redis; its clock passes by itself.</summary>
internal sealed class RedisHarness(RedisServer server, RedisStore store) : StoreHarness
{
    public override ILeaseStore Leases => store.Leases;

    public override IEventStore Events => store.Events;

    public override IRecordStore Records => store.Records;

    public override ICredentialStore Credentials => store.Credentials;

    public override ILimitStore Limits => store.Limits;

    public override ITraceChannel Traces => store.Traces;

    public RedisServer Server => server;

    public static async Task<RedisHarness> StartAsync()
    {
        var server = await RedisServer.StartAsync();
        return new(server, await RedisStore.ConnectAsync(new() { Configuration = server.Configuration }, SmallRetention, TimeProvider.System));
    }

    // Time that must pass is the condition itself here.
    public override Task AdvanceAsync(TimeSpan by) => Task.Delay(by, TimeProvider.System);

    public override async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await server.DisposeAsync();
    }
}
