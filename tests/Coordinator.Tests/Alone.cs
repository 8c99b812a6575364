namespace Coordinator.Tests;

/// <summary>Tests that measure the whole process, or take all of it: each runs while no other does.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
