using Coordinator.Tails;

namespace Coordinator.Tests.Tails;

/// <summary>What expressions are let run.</summary>
public sealed class LivePatternTests
{
    [Theory]
    [InlineData("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", true)]
    [InlineData("(a|aa)+$", true)]
    [InlineData("(a{5}){16}", true)]
    [InlineData("((a{5}){5}){5}", false)]
    [InlineData("a{300}", false)]
    [InlineData("(a{1,99999})", false)]
    [InlineData("a{99999999999999999999}", false)]
    public void Compile_Size_IsBounded(string text, bool taken) => Assert.Equal(taken, LivePattern.Compile(text, "/value").Refusal is null);

    [Theory]
    [InlineData(LivePattern.MostText, true)]
    [InlineData(LivePattern.MostText + 1, false)]
    public void Compile_Length_IsBounded(int length, bool taken) =>
        Assert.Equal(taken, LivePattern.Compile(new string('a', length), "/value").Refusal is null);

    [Fact]
    public void IsMatch_LongText_IsLookedAtSoFar()
    {
        var pattern = LivePattern.Compile("b", "/value").Value!;
        Assert.True(pattern.IsMatch(new string('a', LivePattern.MostSearched - 1) + "b"));
        Assert.False(pattern.IsMatch(new string('a', LivePattern.MostSearched) + "b"));
    }
}
