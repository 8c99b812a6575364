using Coordinator.Tails;
using System.Text;

namespace Coordinator.Tests.Tails;

/// <summary>What one frame brings, on its way to the readers.</summary>
public sealed class TraceBatchTests
{
    private static readonly string[] Tails = ["a", "b", "c"];

    [Fact]
    public void PerTail_AfterTheWay_GivesEachItsOwnInOrder()
    {
        var batch = Sent(([0, 1, 2], "1"), ([1], "2"), ([2, 1], "3"));
        Assert.Equal(Tails, batch.Tails);
        Assert.Equal(["1", "1,2,3", "1,3"], batch.PerTail().Select(Texts));
    }

    [Fact]
    public void PerTail_AllForEverybody_IsOneList()
    {
        var perTail = Sent(([0, 1, 2], "1"), ([2, 0, 1], "2")).PerTail();
        Assert.Equal(Enumerable.Repeat("1,2", 3), perTail.Select(Texts));
        Assert.All(perTail, list => Assert.Same(perTail[0], list));
    }

    [Theory]
    [InlineData]
    [InlineData(1, 0, 0)]
    public void Read_OfAnotherVersion_IsNothing(params int[] bytes) => Assert.Null(TraceBatch.Read(bytes.Select(b => (byte)b).ToArray()));

    private static TraceBatch Sent(params (int[] For, string Event)[] events) => TraceBatch.Read(new TraceBatch(
        Tails, [.. events.Select(e => ((IReadOnlyList<int>)e.For, (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(e.Event)))]).Write())!;

    private static string Texts(IReadOnlyList<ReadOnlyMemory<byte>> events) => string.Join(',', events.Select(e => Encoding.UTF8.GetString(e.Span)));
}
