using Coordinator.Leases;
using Coordinator.Tails;
using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace Coordinator.Tests.Services;

/// <summary>What workers emit while the store takes nothing. Alone, because 160 MB of it are judged.</summary>
[Collection(nameof(Alone))]
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
            Take([.. Enumerable.Repeat(large, PerFrame)]);
        }

        channel.Go();
        // Once there is room again, what comes is taken.
        await Eventually.TrueAsync(
            () =>
            {
                Take([Event("last")]);
                return channel.Published.Any(batch => batch.Length < EventBytes);
            },
            Bound,
            "what comes later is published");
        var kept = channel.Published.Where(batch => batch.Length > EventBytes).ToList();
        Assert.InRange(kept.Sum(batch => (long)batch.Length), EventBytes * PerFrame * 2, MostBytes);
        Assert.InRange(kept.Count, 2, Frames - 1);

        void Take(IReadOnlyCollection<ReadOnlyMemory<byte>> events) =>
            intake.Take(RunningHost.Tenant, [new(follows, [.. events], events.Sum(e => (long)e.Length))], Refused);
    }

    [Fact]
    public async Task Take_ForNobody_LooksAtNothing()
    {
        await using var host = await RunningHost.StartAsync();
        using var nobody = new Following("s", () => Audience.Nobody, () => { });
        host.Services.GetRequiredService<TraceIntake>().Take(RunningHost.Tenant, [new(nobody, ["no JSON"u8.ToArray()], 7)], Refused);
    }

    [Fact] // the more tails, the more of what a worker ships goes out in one message, and in its order
    public async Task Frames_ThatKeepComingForManyTails_AreGathered()
    {
        const int Tails = 5;
        const int Shipped = 100;
        var channel = new StandingChannel();
        channel.Go();
        await using var host = await RunningHost.StartAsync(services => services
            .AddSingleton<ITraceChannel>(channel).Configure<TailOptions>(tails => (tails.AheadOfWorkers, tails.WakesPerSecond) = (true, 10)));
        for (var i = 0; i < Tails; i++)
        {
            await host.Tails.StartAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Origin = "ws://here", ClientIp = "127.0.0.1" }, RunningHost.Headers);
        }

        using var worker = host.Sessions.Connect(RunningHost.Headers);
        await worker.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = "w", Scripts = { "s" } } });
        while ((await worker.ResponseStream.NextAsync()).Control?.Demand?.Tails != Tails)
        {
        }

        for (var i = 0; i < Shipped; i++)
        {
            await worker.RequestStream.WriteAsync(new() { Traces = new() { Script = "s", Events = { UnsafeByteOperations.UnsafeWrap(Event($"{i}")) } } });
        }

        await Eventually.TrueAsync(() => Events().Count == Shipped, Bound, "all is published");
        Assert.InRange(channel.Published.Count, 1, Shipped / 4);
        Assert.Equal(Enumerable.Range(0, Shipped).Select(i => $"{i}"), Events());

        List<string?> Events() => [.. channel.Published.SelectMany(batch => TraceBatch.Read(batch)!.Events)
            .Select(one => JsonElement.Parse(one.Event.Span).GetProperty("logs")[0].GetProperty("message")[0].GetString())];
    }

    private static void Refused(Refusal refusal) => Assert.Fail($"{refusal}");

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
