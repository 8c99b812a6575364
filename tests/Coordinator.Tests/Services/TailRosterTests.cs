using Coordinator.Tails;
using Coordinator.Tests.Services.Harness;
using Microsoft.Extensions.DependencyInjection;

namespace Coordinator.Tests.Services;

/// <summary>Workers that come and go at once. Alone, because each makes the roster look at the store.</summary>
[Collection(nameof(Alone))]
public sealed class TailRosterTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Follow_WhileTheLastOneLeaves_IsToldWhatIsRead()
    {
        const int Times = 200, Others = 50;
        await using var host = await RunningHost.StartAsync(services => services.Configure<TailOptions>(tails => tails.AheadOfWorkers = true));
        await host.Tails.StartAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Origin = "ws://here", ClientIp = "127.0.0.1" }, RunningHost.Headers);
        var roster = host.Services.GetRequiredService<TailRoster>();
        for (var time = 0; time < Times; time++)
        {
            using var begun = new ManualResetEventSlim();
            var others = Task.Run(() =>
            {
                for (var other = 0; other < Others; other++)
                {
                    roster.Follow(RunningHost.Tenant, "s", _ => { }).Dispose();
                    begun.Set();
                }
            });
            begun.Wait(Bound);
            var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var following = roster.Follow(RunningHost.Tenant, "s", _ => told.TrySetResult());
            await others;
            await told.Task.WaitAsync(Bound);
            Assert.Single(following.Audience.Names);
        }
    }
}
