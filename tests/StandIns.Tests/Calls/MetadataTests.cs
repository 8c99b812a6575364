using Grpc.Core;

namespace StandIns.Tests.Calls;

public sealed class MetadataTests
{
    [Fact]
    public void Entry_UpperCaseKey_IsLowered() => Assert.Equal("x-tenant", new Metadata.Entry("X-Tenant", "a").Key);

    [Fact]
    public void Get_OtherCase_FindsTheLastEntry()
    {
        var metadata = new Metadata { { "trace", "1" }, { "other", "2" }, { "Trace", "3" } };

        Assert.Equal("3", metadata.GetValue("TRACE"));
        Assert.Equal(["1", "3"], metadata.GetAll("Trace").Select(entry => entry.Value));
        Assert.Null(metadata.Get("absent"));
        Assert.Null(metadata.GetValueBytes("absent-bin"));
    }

    [Fact]
    public void Entry_BinaryKey_HoldsACopyOfItsBytes()
    {
        byte[] bytes = [0, 255, 10];
        var metadata = new Metadata { { "details-bin", bytes } };
        bytes[0] = 7;

        Assert.Equal([0, 255, 10], metadata.GetValueBytes("Details-Bin"));
        Assert.True(metadata[0].IsBinary);
        Assert.Throws<InvalidOperationException>(() => metadata[0].Value);
    }

    [Fact]
    public void Entry_ValueOfTheWrongKind_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("details-bin", "text"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("details", [1]));
    }

    [Theory]
    [InlineData("has space")]
    [InlineData("colon:")]
    [InlineData("umlaut-ä")]
    [InlineData("line\n")]
    public void Entry_KeyWithForbiddenCharacter_IsRefused(string key) =>
        Assert.Throws<ArgumentException>(() => new Metadata.Entry(key, "value"));

    [Fact]
    public void Entry_TextValue_HasAsciiBytes() => Assert.Equal("ab"u8.ToArray(), new Metadata.Entry("key", "ab").ValueBytes);

    [Fact]
    public void Empty_Written_Refuses()
    {
        Assert.True(Metadata.Empty.IsReadOnly);
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("key", "value"));
        Assert.Throws<InvalidOperationException>(Metadata.Empty.Clear);
        Assert.Empty(Metadata.Empty);
    }

    [Fact]
    public void List_Operations_KeepOrder()
    {
        var first = new Metadata.Entry("a", "1");
        var metadata = new Metadata { first, { "c", "3" } };

        metadata.Insert(1, new Metadata.Entry("b", "2"));
        Assert.Equal(["a", "b", "c"], metadata.Select(entry => entry.Key));

        Assert.True(metadata.Remove(first));
        metadata.RemoveAt(1);
        Assert.Equal(["b"], metadata.Select(entry => entry.Key));
    }
}
