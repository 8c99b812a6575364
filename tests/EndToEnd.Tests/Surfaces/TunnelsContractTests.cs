using EndToEnd.Tests.Surfaces.Scripts;

namespace EndToEnd.Tests.Surfaces;

/// <summary>What the surface of tunnels answers, line by line of its contract: the cases are in <c>Cases/tunnels.http</c>.</summary>
[Collection(SurfaceCollection.Name)]
public sealed class TunnelsContractTests(SurfaceWorld world)
{
    private static readonly Dictionary<string, Case> Cases = CaseFile.Read("tunnels.http").ToDictionary(one => one.Title);

    public static TheoryData<string> Titles => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public Task Request_AsInTheContract_IsAnsweredSo(string title) => world.PlayAsync(Cases[title]);
}
