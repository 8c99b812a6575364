namespace Coordinator.Tests.Services.Harness;

/// <summary>Tests that move hundreds of megabytes, or fill a machine in another way: they run after the others, one at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
