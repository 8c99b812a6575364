using System.Reflection;

namespace StandIns.Tests.References;

/// <summary>
/// The runtime does not report an override whose base is missing, it gives the method a slot of its own that nobody
/// calls. So each override in a genuine assembly is traced to the slot it was written for.
/// </summary>
public sealed class OverrideTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    [Theory]
    [InlineData("Grpc.Net.Client", 18)]
    [InlineData("Grpc.AspNetCore.Server", 20)]
    [InlineData("StackExchange.Redis", 0)]
    public void Overrides_OfGenuineAssembly_LandOnBaseSlots(string name, int atLeastOnStandIns)
    {
        var overrides = Assembly.Load(name).GetTypes().SelectMany(type => type.GetMethods(Declared)).Where(IsOverride).ToList();

        var lost = overrides.Where(method => method.GetBaseDefinition() == method).Select(Describe);
        var onStandIns = overrides.Count(method => IsStandIn(method.GetBaseDefinition().Module.Assembly));

        Assert.Empty(lost);
        Assert.True(onStandIns >= atLeastOnStandIns, $"{onStandIns} overrides land on a stand-in");
    }

    private static bool IsOverride(MethodInfo method) =>
        method.IsVirtual && (method.Attributes & MethodAttributes.VtableLayoutMask) == MethodAttributes.ReuseSlot;

    private static bool IsStandIn(Assembly assembly) => Genuine.StandIns.Contains(assembly.GetName().Name);

    private static string Describe(MethodInfo method) => $"{method.DeclaringType}.{method.Name}";
}
