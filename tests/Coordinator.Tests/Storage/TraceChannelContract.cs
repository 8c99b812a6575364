using Coordinator.Testing;
using System.Collections.Concurrent;

namespace Coordinator.Tests.Storage;

/// <summary>What every channel of traces must do; each store inherits it.</summary>
public abstract class TraceChannelContract : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);
    private static readonly CancellationToken None = CancellationToken.None;

    private protected StoreHarness Store { get; private set; } = null!;

    private protected abstract Task<StoreHarness> StartAsync();

    public async Task InitializeAsync() => Store = await StartAsync();

    public async Task DisposeAsync() => await Store.DisposeAsync();

    [Fact] // T3
    public async Task Publish_IsHeardInOrderByEveryListenerOfTheAccount()
    {
        var (one, two, other) = (new ConcurrentQueue<byte>(), new ConcurrentQueue<byte>(), new ConcurrentQueue<byte>());
        await using var first = await Store.Traces.ListenAsync("t", batch => one.Enqueue(batch.Span[0]), None);
        await using var second = await Store.Traces.ListenAsync("t", batch => two.Enqueue(batch.Span[0]), None);
        await using var foreign = await Store.Traces.ListenAsync("u", batch => other.Enqueue(batch.Span[0]), None);
        for (byte i = 0; i < 100; i++)
        {
            await Store.Traces.PublishAsync("t", new byte[] { i, 0, 255 }, None);
        }

        await Eventually.TrueAsync(() => one.Count == 100 && two.Count == 100, Bound, "all are heard");
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), one);
        Assert.Equal(one, two);
        Assert.Empty(other);
    }

    [Fact] // T4
    public async Task Publish_AfterAListenerLeft_IsNotHeardByIt()
    {
        var (gone, stays) = (new ConcurrentQueue<byte>(), new ConcurrentQueue<byte>());
        await using var listening = await Store.Traces.ListenAsync("t", batch => stays.Enqueue(batch.Span[0]), None);
        await (await Store.Traces.ListenAsync("t", batch => gone.Enqueue(batch.Span[0]), None)).DisposeAsync();
        await Store.Traces.PublishAsync("t", new byte[] { 1 }, None);
        await Eventually.TrueAsync(() => stays.Count == 1, Bound, "the other one hears");
        Assert.Empty(gone);
    }
}

/// <summary>The contract within one process.</summary>
public sealed class EmbeddedTraceChannelTests : TraceChannelContract
{
    private protected override Task<StoreHarness> StartAsync() => Task.FromResult<StoreHarness>(new EmbeddedHarness());
}

/// <summary>The contract over Redis.</summary>
public sealed class RedisTraceChannelTests : TraceChannelContract
{
    private protected override async Task<StoreHarness> StartAsync() => await RedisHarness.StartAsync();
}
