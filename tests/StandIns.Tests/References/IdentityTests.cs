using System.Reflection;

namespace StandIns.Tests.References;

/// <summary>A compiler and a loader take an assembly for another only where name, version and public key agree.</summary>
public sealed class IdentityTests
{
    [Theory]
    [InlineData("Grpc.Core.Api")]
    [InlineData("Grpc.Net.Common")]
    public void PublicKey_OfGrpcAssembly_IsTheGenuineOne(string name)
    {
        var genuine = Assembly.Load("Grpc.Net.Client").GetName().GetPublicKey()!;

        Assert.Equal(160, genuine.Length);
        Assert.Equal(genuine, Assembly.Load(name).GetName().GetPublicKey());
    }

    [Theory]
    [InlineData("Grpc.Net.Client")]
    [InlineData("Grpc.AspNetCore.Server")]
    [InlineData("StackExchange.Redis")]
    public void Version_OfEachDependency_IsTheOneAskedFor(string name)
    {
        var asked = Assembly.Load(name).GetReferencedAssemblies().Where(reference => Genuine.StandIns.Contains(reference.Name)).ToList();

        Assert.NotEmpty(asked);
        Assert.All(asked, reference => Assert.Equal(reference.Version, Assembly.Load(reference.Name!).GetName().Version));
    }
}
