using Coordinator.Tails;
using Coordinator.Testing;
using System.Text.Json;

namespace Coordinator.Tests.Tails;

/// <summary>What a tail tells its reader of itself.</summary>
public sealed class TailNoticesTests
{
    [Fact]
    public void Notices_Live_HaveTheShapeOfLiveTails()
    {
        var root = JsonElement.Parse(new TailNotices("s", live: true, new ManualTime()).OverloadStop(7).Span);
        Assert.Equal("info", root.GetProperty("$metadata").GetProperty("level").GetString());
        Assert.Equal(7, root.GetProperty("source").GetProperty("event").GetProperty("dropped").GetInt32());
    }
}
