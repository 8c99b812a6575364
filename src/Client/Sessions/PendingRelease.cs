using Coordinator.V1;

namespace Coordinator.Client.Sessions;

/// <summary>A release that waits for its answer; sent again under the same id over every break.</summary>
internal sealed class PendingRelease(LeaseId lease)
{
    /// <summary>Made by chance: tokens of resources in different partitions may be equal.</summary>
    public string RequestId { get; } = Guid.NewGuid().ToString("N");

    public LeaseId Lease => lease;

    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Send(WorkerSession session)
    {
        if (!Done.Task.IsCompleted)
        {
            session.Stream?.Send(new() { Release = new() { RequestId = RequestId, Resource = lease.Resource, Token = lease.Token } });
        }
    }
}
