using Pipelines.Sockets.Unofficial;

namespace StandIns.Tests.Pipes;

public sealed class DelegatesTests
{
    [Fact]
    public void AsEnumerable_SeveralHandlers_GivesEachInOrder()
    {
        var called = new List<int>();
        Action? handlers = null;
        for (var i = 0; i < 3; i++)
        {
            var number = i;
            handlers += () => called.Add(number);
        }

        foreach (var handler in Delegates.AsEnumerable(handlers))
        {
            handler();
        }

        Assert.Equal([0, 1, 2], called);
        Assert.False(Delegates.IsSingle(handlers!));
    }

    [Fact]
    public void AsEnumerable_NoHandler_IsEmpty()
    {
        foreach (var _ in Delegates.AsEnumerable<Action>(null))
        {
            Assert.Fail("There is no handler");
        }
    }

    [Fact]
    public void IsSingle_OneHandler_IsTrue() => Assert.True(Delegates.IsSingle(() => { }));
}
