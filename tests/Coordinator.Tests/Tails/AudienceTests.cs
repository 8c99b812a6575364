using Coordinator.Tails;
using System.Text;

namespace Coordinator.Tests.Tails;

/// <summary>Which tails of a script want what it emits.</summary>
public sealed class AudienceTests
{
    private const int Events = 4_000;

    [Fact]
    public void Wanting_TailsThatAskTheSame_AreAllAnswered()
    {
        var audience = Of("[]", """[{"outcome":["exception"]}]""", "[]");
        Assert.Equal(["0", "1", "2"], audience.Names);
        Assert.Equal([0, 2], audience.Wanting(Outcome("ok")).Order());
        Assert.Equal([0, 1, 2], audience.Wanting(Outcome("exception")).Order());
        Assert.Empty(Of("""[{"outcome":["exception"]}]""").Wanting(Outcome("ok")));
        Assert.True(Of().IsEmpty);
    }

    [Fact]
    public void Wanting_Share_IsTakenByEachTailForItself()
    {
        var audience = Of("""[{"sampling_rate":0.25}]""", """[{"sampling_rate":0.25}]""", """[{"sampling_rate":0}]""");
        Assert.Equal(0.25, audience.SamplingRate);
        var message = Outcome("ok");
        var wanted = Enumerable.Range(0, Events).Select(_ => audience.Wanting(message)).ToList();
        // Seven standard deviations either way.
        Assert.All([0, 1], place => Assert.InRange(wanted.Count(places => places.Contains(place)), 800, 1_200));
        Assert.InRange(wanted.Count(places => places.Count == 2), 140, 360);
        Assert.DoesNotContain(wanted, places => places.Contains(2));
    }

    private static Audience Of(params string[] filters) => new(
        [.. filters.Select((asked, place) => new ActiveTail($"{place}", "s", asked, TailDesk.Compile(asked, null).Value!, null))]);

    private static TraceMessage Outcome(string outcome) =>
        TraceMessage.Parse(Encoding.UTF8.GetBytes($$"""{"outcome":"{{outcome}}"}"""), "s", DateTimeOffset.UnixEpoch).Value!;
}
