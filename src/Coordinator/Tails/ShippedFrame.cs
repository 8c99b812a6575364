namespace Coordinator.Tails;

/// <summary>What a worker emitted at once.</summary>
/// <param name="Followed">Its script, and who reads that.</param>
/// <param name="Events">Each the JSON text of one, not looked at yet.</param>
/// <param name="Bytes">Of all of them.</param>
internal sealed record ShippedFrame(Following Followed, IReadOnlyList<ReadOnlyMemory<byte>> Events, long Bytes);
