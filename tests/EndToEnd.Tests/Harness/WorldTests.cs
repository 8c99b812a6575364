using System.Diagnostics;

namespace EndToEnd.Tests.Harness;

/// <summary>What has been started is ended, also where the rest cannot be started.</summary>
public sealed class WorldTests
{
    [Fact]
    public async Task Initialize_APartCannotBeStarted_EndsThoseThatWere()
    {
        var world = new UnfinishedWorld();
        Assert.Equal("no third", (await Assert.ThrowsAsync<InvalidOperationException>(world.InitializeAsync)).Message);
        Assert.Equal(["second", "first"], world.Ended);
        await world.DisposeAsync();
        Assert.Equal(2, world.Ended.Count);
    }

    [Fact]
    public async Task Ready_OfAProcessThatNeverIs_EndsIt()
    {
        var process = ProgramProcess.Run("sleep", ["600"]);
        var id = process.Id;
        await Assert.ThrowsAsync<TimeoutException>(() => process.ReadyAsync("listening", TimeSpan.FromMilliseconds(50), "it listens"));
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(id));
    }

    private sealed class UnfinishedWorld : World
    {
        public List<string> Ended { get; } = [];

        protected override Task StartAsync()
        {
            AtEnd(() => EndAsync("first"));
            AtEnd(async () =>
            {
                await EndAsync("second");
                throw new InvalidOperationException("no end");
            });
            throw new InvalidOperationException("no third");
        }

        protected override void Check() => Assert.Fail("It was never there.");

        private Task EndAsync(string part)
        {
            Ended.Add(part);
            return Task.CompletedTask;
        }
    }
}
