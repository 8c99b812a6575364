using System.Reflection;
using System.Runtime.CompilerServices;

namespace StandIns.Tests.References;

/// <summary>Compiles every method of the genuine assemblies to machine code: there constrained calls and layouts are checked too.</summary>
public sealed class CompilationTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Theory]
    [InlineData("Grpc.Net.Client", 700)]
    [InlineData("Grpc.AspNetCore.Server", 550)]
    [InlineData("StackExchange.Redis", 5_000)]
    public void PrepareMethod_EachMethodOfGenuineAssembly_Compiles(string name, int atLeast)
    {
        var assembly = Assembly.Load(name);
        var methods = Methods(assembly).ToList();
        var arguments = new TypeArguments(assembly);

        var complaints = (
            from method in methods
            let complaint = Genuine.Complaint(() => Compile(method, arguments.For(method)))
            where complaint is not null && !IsDigest(method, complaint)
            select $"{method.DeclaringType}.{method.Name}: {complaint.GetType().Name} {complaint.Message}").ToList();

        Assert.True(complaints.Count == 0, string.Join('\n', complaints));
        Assert.True(methods.Count >= atLeast, $"{methods.Count} methods");
    }

    private static IEnumerable<MethodBase> Methods(Assembly assembly) =>
        from type in assembly.GetTypes()
        from method in type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared))
        where !method.IsAbstract
            && !method.MethodImplementationFlags.HasFlag(MethodImplAttributes.Runtime)
            && !method.Attributes.HasFlag(MethodAttributes.PinvokeImpl)
        select method;

    private static void Compile(MethodBase method, Type[] arguments) =>
        RuntimeHelpers.PrepareMethod(method.MethodHandle, [.. arguments.Select(argument => argument.TypeHandle)]);

    /// <summary>Digests of values are the only use of System.IO.Hashing; nothing in this repository asks for one.</summary>
    private static bool IsDigest(MethodBase method, Exception complaint) =>
        Genuine.IsMissingHashing(complaint) && method.DeclaringType?.Name == "ValueCondition";
}
