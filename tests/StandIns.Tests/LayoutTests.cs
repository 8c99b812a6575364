using System.Xml.Linq;

namespace StandIns.Tests;

/// <summary>The stand-ins must go with one property, so nothing may reach them past it.</summary>
public sealed class LayoutTests
{
    private const string Condition = "'$(UseStandIns)' == 'true'";

    [Fact]
    public void ProjectReference_ToStandIn_IsUnderTheSwitch()
    {
        var references =
            from file in Directory.EnumerateFiles(Root(), "*.csproj", SearchOption.AllDirectories)
            where !file.Contains("/src/StandIns/", StringComparison.Ordinal)
            from reference in XDocument.Load(file).Descendants("ProjectReference")
            where reference.Attribute("Include")!.Value.Contains("StandIns/", StringComparison.Ordinal)
            select (file, Switched: reference.AncestorsAndSelf().Any(element => element.Attribute("Condition")?.Value == Condition));

        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.True(reference.Switched, reference.file));
    }

    [Fact]
    public void PrunedPackages_OfAllProjects_AreUnderTheSwitch()
    {
        var pruned = XDocument.Load(Path.Combine(Root(), "Directory.Build.props")).Descendants("PrunePackageReference");

        Assert.NotEmpty(pruned);
        Assert.All(pruned, package => Assert.Contains(package.Ancestors(), element => element.Attribute("Condition")?.Value == Condition));
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "global.json")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The repository's root is not above the tests");
        }

        return folder.FullName;
    }
}
