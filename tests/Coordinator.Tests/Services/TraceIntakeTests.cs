using Coordinator.Leases;
using Coordinator.Tails;
using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Microsoft.Extensions.DependencyInjection;
using System.Collections.Concurrent;
using System.Text;

namespace Coordinator.Tests.Services;

/// <summary>What workers emit while the store takes nothing.</summary>
public sealed class TraceIntakeTests
{
    private const int Frames = 200;
    private const int PerFrame = 8;
    private const int EventBytes = 100_000;
    private const long MostBytes = 33L << 20;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [Fact] // T1
    public async Task Take_WhileTheStoreStands_KeepsABoundedNumberOfBytesAndNeverWaits()
    {
        var channel = new StandingChannel();
        await using var host = await RunningHost.StartAsync(services => services
            .AddSingleton<ITraceChannel>(channel).Configure<TailOptions>(tails => tails.AheadOfWorkers = true));
        await host.Tails.StartAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Origin = "ws://here", ClientIp = "127.0.0.1" }, RunningHost.Headers);
        var (told, intake) = (new TaskCompletionSource(), host.Services.GetRequiredService<TraceIntake>());
        using var follows = host.Services.GetRequiredService<TailRoster>().Follow(RunningHost.Tenant, "s", demand => told.TrySetResult());
        await told.Task.WaitAsync(Bound);

        var large = Event(new('x', EventBytes));
        for (var i = 0; i < Frames; i++)
        {
            Assert.Null(intake.Take(RunningHost.Tenant, "s", follows.Audience, [.. Enumerable.Repeat(large, PerFrame)]));
        }

        channel.Go();
        // Once there is room again, what comes is taken.
        await Eventually.TrueAsync(
            () =>
            {
                intake.Take(RunningHost.Tenant, "s", follows.Audience, [Event("last")]);
                return channel.Published.Any(batch => batch.Length < EventBytes);
            },
            Bound,
            "what comes later is published");
        var kept = channel.Published.Where(batch => batch.Length > EventBytes).ToList();
        Assert.InRange(kept.Sum(batch => (long)batch.Length), EventBytes * PerFrame * 2, MostBytes);
        Assert.InRange(kept.Count, 2, Frames - 1);
    }

    [Fact]
    public async Task Take_ForNobody_LooksAtNothing()
    {
        await using var host = await RunningHost.StartAsync();
        Assert.Null(host.Services.GetRequiredService<TraceIntake>().Take(RunningHost.Tenant, "s", Audience.Nobody, ["no JSON"u8.ToArray()]));
    }

    private static ReadOnlyMemory<byte> Event(string line) => Encoding.UTF8.GetBytes($$"""{"outcome":"ok","event":null,"logs":[{"message":["{{line}}"],"level":"log"}]}""");

    /// <summary>Publishes nothing until it is told to go.</summary>
    private sealed class StandingChannel : ITraceChannel
    {
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<ReadOnlyMemory<byte>> Published { get; } = new();

        public void Go() => _go.SetResult();

        public async ValueTask PublishAsync(string tenant, ReadOnlyMemory<byte> batch, CancellationToken cancellation)
        {
            await _go.Task.WaitAsync(cancellation);
            Published.Enqueue(batch);
        }

        public ValueTask<IAsyncDisposable> ListenAsync(string tenant, Action<ReadOnlyMemory<byte>> heard, CancellationToken cancellation) =>
            throw new NotSupportedException("Nobody listens here.");
    }
}
