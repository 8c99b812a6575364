namespace EndToEnd.Tests.Harness;

/// <summary>Where things are: found from where this test was built.</summary>
internal static class Repository
{
    // tests/EndToEnd.Tests/bin/CONFIGURATION/net10.0/
    private static readonly DirectoryInfo Output = new(AppContext.BaseDirectory.TrimEnd('/'));

    public static string Configuration => Output.Parent!.Name;

    public static string Root => Output.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;

    public static string Program(string project, string assembly) =>
        Path.Combine(Root, project, "bin", Configuration, "net10.0", $"{assembly}.dll");

    public static string Peers => Path.Combine(Root, "tests", "peers");
}
