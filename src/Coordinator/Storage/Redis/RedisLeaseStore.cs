using Coordinator.Leases;
using StackExchange.Redis;
using System.Globalization;
using System.Text.Json;

namespace Coordinator.Storage.Redis;

/// <summary>Leases in Redis: each method is one script.</summary>
internal sealed class RedisLeaseStore(RedisCaller caller, RedisScripts scripts, RedisWakes wakes, RedisFitness fitness) : ILeaseStore
{
    private static readonly TimeSpan LeastOperationLife = TimeSpan.FromSeconds(60);
    private readonly RedisLeaseReader _reader = new(caller, scripts, fitness);

    public async ValueTask<Outcome<Lease>> AcquireAsync(AcquireCommand command, CancellationToken cancellation)
    {
        var reply = await caller.RunAsync(scripts.Acquire, Keys(command.Resource, command.Operation), [
            default, command.Holder, command.Connection, Milliseconds(command.Ttl), JsonSerializer.Serialize(command.Labels),
            command.Operation?.Digest ?? "", Milliseconds(OperationLife(command.Ttl)),
        ], cancellation).ConfigureAwait(false);
        return RedisReplies.Text(reply[0]) == "ok"
            ? RedisReplies.Lease(command.Resource, (RedisResult[])reply[2]!)
            : RedisReplies.Refused(command.Resource, reply);
    }

    public ValueTask RenewAsync(Guard guard, ReadOnlyMemory<Renewal> renewals, Memory<RenewalResult> results, CancellationToken cancellation) =>
        RedisRenewals.RunAsync(caller, scripts.Renew, fitness.Cluster, guard, renewals, results, cancellation);

    public async ValueTask<Outcome<StepResult>> StepAsync(GuardedStep step, CancellationToken cancellation)
    {
        RedisKey[] keys = [.. RedisKeys.OfStep(step.Resource), RedisKeys.Log(step.Resource)];
        var reply = await caller.RunAsync(scripts.Step, keys, RedisStepArguments.Of(step), cancellation).ConfigureAwait(false);
        return RedisReplies.Text(reply[0]) == "ok"
            ? RedisReplies.Step(reply)
            : RedisReplies.Refused(step.Resource, reply);
    }

    public async ValueTask<Outcome<bool>> EndAsync(EndCommand command, CancellationToken cancellation)
    {
        var reply = await caller.RunAsync(scripts.End, Keys(command.Resource, command.Operation), [
            default, Number(command.Token), RedisReplies.Word(command.Reason), command.Operation?.Digest ?? "",
            Milliseconds(OperationLife(LeaseBounds.MaxTtl)), "", "",
        ], cancellation).ConfigureAwait(false);
        return RedisReplies.Text(reply[0]) == "ok" ? true : RedisReplies.Refused(command.Resource, reply);
    }

    public async ValueTask<Outcome<Lease>> GetAsync(ResourceKey resource, CancellationToken cancellation)
    {
        var reply = await caller.RunAsync(scripts.Get, Keys(resource, null), [default, ""], cancellation).ConfigureAwait(false);
        return RedisReplies.Text(reply[0]) == "ok"
            ? RedisReplies.Lease(resource, (RedisResult[])reply[2]!)
            : RedisReplies.Refused(resource, reply);
    }

    public async ValueTask<RenewalResult> CheckAsync(ResourceKey resource, long token, CancellationToken cancellation)
    {
        var reply = await caller.RunAsync(scripts.Get, Keys(resource, null), [default, Number(token)], cancellation).ConfigureAwait(false);
        return RedisReplies.Text(reply[0]) == "valid"
            ? new(TimeSpan.FromMilliseconds((long)reply[2]), TimeSpan.FromMilliseconds((long)reply[3]), (long)reply[4],
                RedisReplies.Control(RedisReplies.Text(reply[5])), null)
            : new(default, default, 0, null, RedisReplies.Lost((RedisResult[])reply[2]!));
    }

    public ValueTask<LeasePage> ListAsync(string tenant, string prefix, ListPosition from, int count, CancellationToken cancellation) =>
        _reader.ListAsync(tenant, prefix, from, count, cancellation);

    public ValueTask<LeaseSnapshot> SnapshotAsync(string tenant, string prefix, int partition, CancellationToken cancellation) =>
        _reader.SnapshotAsync(tenant, prefix, partition, cancellation);

    public ValueTask<Outcome<IReadOnlyList<LeaseChange>>> ReadChangesAsync(int partition, long after, int count, CancellationToken cancellation) =>
        _reader.ReadChangesAsync(partition, after, count, cancellation);

    public ValueTask<long[]> ReadPositionsAsync(CancellationToken cancellation) => _reader.ReadPositionsAsync(cancellation);

    public IDisposable OnChanged(Action<int> changed) => wakes.OnChanged(changed);

    public ValueTask<SweepResult> SweepAsync(CancellationToken cancellation) => _reader.SweepAsync(cancellation);

    private static TimeSpan OperationLife(TimeSpan ttl) => ttl > LeastOperationLife ? ttl : LeastOperationLife;

    private static RedisKey[] Keys(ResourceKey resource, Operation? operation) => operation is null
        ? RedisKeys.OfStep(resource)
        : [.. RedisKeys.OfStep(resource), RedisKeys.Operation(resource, operation.Id)];

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(TimeSpan value) => value.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
}
