namespace Coordinator.Tails;

/// <summary>Frames that follow each other.</summary>
/// <param name="First">The number of the first of them.</param>
internal sealed record TailBatch(long First, IReadOnlyList<ReadOnlyMemory<byte>> Frames);
