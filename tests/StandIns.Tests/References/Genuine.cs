using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace StandIns.Tests.References;

/// <summary>The genuine assemblies that the stand-ins must carry, and what those assemblies ask for.</summary>
internal static class Genuine
{
    public static readonly string[] StandIns = ["Grpc.Core.Api", "Grpc.Net.Common", "Pipelines.Sockets.Unofficial"];

    public static TheoryData<string> Names => ["Grpc.Net.Client", "Grpc.AspNetCore.Server", "StackExchange.Redis"];

    /// <summary>The tokens of every type that the assembly takes from others.</summary>
    public static List<int> TypeReferences(Assembly assembly) =>
        Read(assembly, metadata => metadata.TypeReferences.Select(reference => MetadataTokens.GetToken(reference)));

    /// <summary>The tokens of every member that the assembly takes from others, or from generic types of its own.</summary>
    public static List<int> MemberReferences(Assembly assembly) =>
        Read(assembly, metadata => metadata.MemberReferences.Select(reference => MetadataTokens.GetToken(reference)));

    /// <summary>What the loader or the compiler has to say against an action; null where it is content.</summary>
    public static Exception? Complaint(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception complaint)
        {
            // Not swallowed: it is the outcome that the tests collect, of whatever type the runtime chose.
            return complaint;
        }
    }

    /// <summary>True where the assembly asks for the one library that nothing stands in for.</summary>
    public static bool IsMissingHashing(Exception complaint) =>
        complaint is FileNotFoundException { FileName: { } name } && name.StartsWith("System.IO.Hashing,", StringComparison.Ordinal);

    private static List<int> Read(Assembly assembly, Func<MetadataReader, IEnumerable<int>> select)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        return [.. select(file.GetMetadataReader())];
    }
}
