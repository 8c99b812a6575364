using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Coordinator.Tests;

/// <summary>Reads the source: which room may name which.</summary>
public sealed partial class LayeringTests
{
    private static readonly string Source = Path.GetFullPath(Path.Combine(Here(), "..", "..", "src"));

    public static TheoryData<string, string[]> Rooms => new()
    {
        { "Leases", ["Leases"] },
        { "Events", ["Events", "Leases"] },
        { "Credentials", ["Credentials", "Leases"] },
        { "Limits", ["Limits", "Leases"] },
        { "Records", ["Records", "Events", "Leases"] },
        { "Storage", ["Storage", "Records", "Limits", "Credentials", "Events", "Leases"] },
        { "Runs", ["Runs", "Records", "Events", "Leases"] },
        { "Workers", ["Workers", "Records", "Events", "Credentials", "Leases"] },
        { "Tunnels", ["Tunnels", "Records", "Events", "Credentials", "Leases"] },
        { "Tails", ["Tails", "Records", "Events", "Leases"] },
        { "Sessions", ["Sessions", "Services", "Credentials", "Leases", "V1"] },
        { "Services", ["Services", "Sessions", "Runs", "Workers", "Tunnels", "Records", "Rest", "Limits", "Credentials", "Events", "Leases", "V1"] },
    };

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Room_NamesOnlyTheRoomsBelowIt(string room, string[] allowed)
    {
        var files = Directory.GetFiles(Path.Combine(Source, "Coordinator", room), "*.cs", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        var foreign =
            from file in files
            from Match use in Uses().Matches(File.ReadAllText(file))
            where !allowed.Contains(use.Groups[1].Value)
            select $"{Path.GetRelativePath(Source, file)}: {use.Value}";
        Assert.Empty(foreign);
    }

    [Theory]
    [InlineData("Gateway")]
    [InlineData("Client")]
    public void Project_ReachesTheCoordinatorThroughTheProtosAlone(string project)
    {
        var text = File.ReadAllText(Directory.GetFiles(Path.Combine(Source, project), "*.csproj").Single());
        Assert.DoesNotContain("src/Coordinator", text.Replace('\\', '/'), StringComparison.Ordinal);
        Assert.DoesNotContain("../Coordinator/", text.Replace('\\', '/'), StringComparison.Ordinal);
    }

    [Fact]
    public void RedisKeys_AreSpelledInOneFile()
    {
        var spelled = Directory.GetFiles(Path.Combine(Source, "Coordinator"), "*.*", SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".lua", StringComparison.Ordinal))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && File.ReadAllText(file).Contains("lc:{", StringComparison.Ordinal));
        Assert.Equal("RedisKeys.cs", Path.GetFileName(Assert.Single(spelled)));
    }

    // "using Coordinator.Room" and "using X = Coordinator.Room.Type"; a name written out in full counts as well.
    [GeneratedRegex(@"(?<=using (?:\w+ = )?)Coordinator\.(\w+)")]
    private static partial Regex Uses();

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
