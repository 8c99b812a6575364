using Coordinator.Gateway;

namespace Gateway.Tests.Calls;

/// <summary>What the words of the command line become.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(false, "--tails-list", "object")]
    [InlineData(true, "--tails-list", "array")]
    public void TailsList_IsAnObjectUnlessAskedToBeAnArray(bool bare, params string[] arguments)
    {
        var commandLine = new CommandLine();
        Assert.Equal(bare, commandLine.Read(commandLine.Root.Parse(arguments), null).BareTailsList);
    }

    [Fact]
    public void TailsList_OfAnotherShape_IsRefused() => Assert.Single(new CommandLine().Root.Parse(["--tails-list", "map"]).Errors);
}
