using EndToEnd.Tests.Surfaces.Scripts;

namespace EndToEnd.Tests.Surfaces;

/// <summary>What the surface of runs answers, line by line of its contract: the cases are in <c>Cases/runs.http</c>.</summary>
[Collection(SurfaceCollection.Name)]
public sealed class RunsContractTests(SurfaceWorld world)
{
    private static readonly Dictionary<string, Case> Cases = CaseFile.Read("runs.http").ToDictionary(one => one.Title);

    public static TheoryData<string> Titles => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Titles))]
    public Task Request_AsInTheContract_IsAnsweredSo(string title) => world.PlayAsync(Cases[title]);
}
