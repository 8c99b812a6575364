using System.Reflection;

namespace StandIns.Tests.References;

/// <summary>
/// Nothing that the genuine assemblies were compiled against may be missing: the runtime would tell only on the first
/// call that needs it, in production.
/// </summary>
public sealed class ReferenceTests
{
    // Longer than any generic parameter list in these assemblies.
    private const int MostParameters = 8;

    public static TheoryData<string> Names => Genuine.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void ResolveType_EachReferenceOfGenuineAssembly_Resolves(string name)
    {
        var assembly = Assembly.Load(name);
        var references = Genuine.TypeReferences(assembly);

        var complaints = Complaints(references, token => Genuine.Complaint(() => assembly.ManifestModule.ResolveType(token)));

        Assert.True(complaints.Count == 0, string.Join('\n', complaints));
        Assert.True(references.Count > 200, $"{references.Count} type references");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ResolveMember_EachReferenceOfGenuineAssembly_Resolves(string name)
    {
        var assembly = Assembly.Load(name);
        var references = Genuine.MemberReferences(assembly);
        var arguments = new TypeArguments(assembly).All().ToList();

        var complaints = Complaints(references, token => Resolve(assembly.ManifestModule, token, arguments));

        Assert.True(complaints.Count == 0, string.Join('\n', complaints));
        Assert.True(references.Count > 500, $"{references.Count} member references");
    }

    [Theory]
    [InlineData("Grpc.Net.Client", 30)]
    [InlineData("Grpc.AspNetCore.Server", 30)]
    [InlineData("StackExchange.Redis", 20)]
    public void ResolveType_OfGenuineAssembly_ReachesTheStandIns(string name, int atLeast)
    {
        var module = Assembly.Load(name).ManifestModule;

        var reached = Genuine.TypeReferences(module.Assembly)
            .Where(token => Genuine.Complaint(() => module.ResolveType(token)) is null)
            .Count(token => Genuine.StandIns.Contains(module.ResolveType(token).Assembly.GetName().Name));

        Assert.True(reached >= atLeast, $"{reached} types");
    }

    /// <summary>A reference to a generic member resolves with some type argument: which one its constraints admit is not its fault.</summary>
    private static Exception? Resolve(Module module, int token, List<Type> arguments)
    {
        Exception? complaint = null;
        foreach (var argument in arguments)
        {
            var repeated = Enumerable.Repeat(argument, MostParameters).ToArray();
            complaint = Genuine.Complaint(() => module.ResolveMember(token, repeated, repeated));
            if (complaint is not TypeLoadException { Message: var message } || !message.Contains("violates the constraint", StringComparison.Ordinal))
            {
                return complaint;
            }
        }

        return complaint;
    }

    private static List<string> Complaints(List<int> references, Func<int, Exception?> resolve) =>
    [
        .. from token in references
           let complaint = resolve(token)
           where complaint is not null && !Genuine.IsMissingHashing(complaint)
           select $"{token:x8}: {complaint.GetType().Name} {complaint.Message}",
    ];
}
