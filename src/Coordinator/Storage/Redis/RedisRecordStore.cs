using Coordinator.Leases;
using Coordinator.Records;
using StackExchange.Redis;
using System.Globalization;

namespace Coordinator.Storage.Redis;

/// <summary>Records in Redis: each method is one script.</summary>
internal sealed class RedisRecordStore(IConnectionMultiplexer connection, RedisCaller caller, RedisScripts scripts) : IRecordStore
{
    private readonly IDatabase _database = connection.GetDatabase();

    public async ValueTask<Outcome<Record>> CreateAsync(CreateRecord command, CancellationToken cancellation)
    {
        var resource = command.Resource;
        RedisValue[] arguments =
        [
            default, command.Operation?.Digest ?? "", OperationLife, command.Lane is { } lane ? RedisKeys.LanePart(lane) : "", Number(command.MostActive),
            command.Lease?.Holder ?? "", command.Lease is { } lease ? Milliseconds(lease.Ttl) : "0", Number(command.Names.Count),
            .. command.Names.Select(name => (RedisValue)name),
            .. command.Fields.SelectMany(field => new RedisValue[] { field.Key, field.Value }),
        ];
        var keys = RedisKeys.OfStep(resource);
        if (command.Operation is { } operation)
        {
            keys = [.. keys, RedisKeys.RoomOperation(resource.Partition, resource.Tenant, command.Lane ?? resource.Kind, operation.Id)];
        }

        return Read(resource, await caller.RunAsync(scripts.Create, keys, arguments, cancellation).ConfigureAwait(false));
    }

    public async ValueTask<Outcome<Record>> GetAsync(ResourceKey resource, CancellationToken cancellation) =>
        Read(resource, await caller.RunAsync(scripts.Record, RedisKeys.OfStep(resource), [default, ""], cancellation).ConfigureAwait(false));

    public async ValueTask<Outcome<Record>> RemoveAsync(ResourceKey resource, CancellationToken cancellation) =>
        Read(resource, await caller.RunAsync(scripts.Record, RedisKeys.OfStep(resource), [default, "remove"], cancellation).ConfigureAwait(false));

    public async ValueTask<Outcome<(Record Record, StepResult Step)>> StepAsync(RecordStep step, CancellationToken cancellation)
    {
        var reply = await RunAsync(step, shown: true, cancellation).ConfigureAwait(false);
        return RedisReplies.Text(reply[0]) == "ok"
            ? (RedisReplies.Record(step.Resource, (RedisResult[])reply[5]!), RedisReplies.Step(reply))
            : RedisReplies.Refused(step.Resource, reply);
    }

    public async ValueTask<Outcome<StepResult>> TouchAsync(RecordStep step, CancellationToken cancellation)
    {
        var reply = await RunAsync(step, shown: false, cancellation).ConfigureAwait(false);
        return RedisReplies.Text(reply[0]) == "ok" ? RedisReplies.Step(reply) : RedisReplies.Refused(step.Resource, reply);
    }

    public async ValueTask<Outcome<Record>> EndAsync(EndRecord command, CancellationToken cancellation)
    {
        var keys = RedisKeys.OfStep(command.Resource);
        if (command.Operation is { } operation)
        {
            keys = [.. keys, RedisKeys.Operation(command.Resource, operation.Id)];
        }

        return Read(command.Resource, await caller.RunAsync(scripts.End, keys, [
            default, Number(command.Token ?? 0), RedisReplies.Word(command.Reason), command.Operation?.Digest ?? "", OperationLife,
            command.Holder ?? "", command.State,
        ], cancellation).ConfigureAwait(false));
    }

    public async ValueTask<Outcome<Record>> ClaimAsync(ResourceKey resource, Claim claim, CancellationToken cancellation)
    {
        RedisKey[] keys = claim.Operation is { } operation
            ? [RedisKeys.Lease(resource), RedisKeys.RoomOperation(resource.Partition, resource.Tenant, resource.Name, operation.Id)]
            : [RedisKeys.Lease(resource)];
        return Read(resource, await caller.RunAsync(scripts.Claim, keys, Arguments("name", claim), cancellation).ConfigureAwait(false));
    }

    public async ValueTask<Outcome<Record?>> ClaimNextAsync(Lane lane, Claim claim, CancellationToken cancellation)
    {
        RedisKey queue = RedisKeys.Queue(lane.Partition, lane.Tenant, lane.Key);
        RedisKey[] keys = claim.Operation is { } operation
            ? [queue, RedisKeys.RoomOperation(lane.Partition, lane.Tenant, lane.Key, operation.Id)]
            : [queue];
        var reply = await caller.RunAsync(scripts.Claim, keys, Arguments("next", claim), cancellation).ConfigureAwait(false);
        if (RedisReplies.Text(reply[0]) == "nothing")
        {
            return default(Outcome<Record?>);
        }

        return Read(new(lane.Tenant, $"{ResourceKey.Run}{lane.Key}", lane.Partition), reply).Try(out var record, out var refusal) ? record : refusal;
    }

    public async ValueTask<Outcome<Record>> CancelAsync(ResourceKey resource, LeaseControl control, CancellationToken cancellation) =>
        Read(resource, await caller.RunAsync(scripts.Cancel, RedisKeys.OfStep(resource), [default, RedisReplies.Control(control)], cancellation)
            .ConfigureAwait(false));

    public async ValueTask LeaveAsync(Lane lane, string waiter, CancellationToken cancellation) =>
        await caller.RunAsync(
            scripts.Claim, [RedisKeys.Queue(lane.Partition, lane.Tenant, lane.Key)], [default, "leave", "", "0", "", "0", waiter], cancellation).ConfigureAwait(false);

    public async ValueTask<string?> FindAsync(int partition, string tenant, string name, CancellationToken cancellation) =>
        await caller.AskAsync(() => _database.HashGetAsync(RedisKeys.Names(partition, tenant), name), cancellation).ConfigureAwait(false);

    public async ValueTask<RecordPage> ListAsync(int partition, string tenant, string kind, long after, int count, CancellationToken cancellation)
    {
        var reply = await caller.RunAsync(scripts.Records, [RedisKeys.Records(partition, tenant, kind)],
            [default, Number(after), Number(count)], cancellation).ConfigureAwait(false);
        var records = reply.Skip(3).Select(entry => RedisReplies.Record(new(tenant, "", partition), (RedisResult[])entry!)).ToArray();
        return new(records, RedisReplies.Text(reply[2]) is { Length: > 0 } next ? long.Parse(next, CultureInfo.InvariantCulture) : null);
    }

    private ValueTask<RedisResult[]> RunAsync(RecordStep step, bool shown, CancellationToken cancellation) => caller.RunAsync(
        scripts.Step,
        [.. RedisKeys.OfStep(step.Resource), RedisKeys.Log(step.Resource), RedisKeys.Record(step.Resource)],
        RedisStepArguments.Of(step, shown),
        cancellation);

    private static string OperationLife { get; } = Milliseconds(LeaseBounds.MaxTtl);

    private static RedisValue[] Arguments(string mode, Claim claim) =>
    [
        default, mode, claim.Holder, Milliseconds(claim.Ttl), claim.Operation?.Digest ?? "", OperationLife, claim.Waiter ?? "", Milliseconds(Claim.PlaceKept),
    ];

    private static Outcome<Record> Read(ResourceKey resource, RedisResult[] reply) => RedisReplies.Text(reply[0]) == "ok"
        ? RedisReplies.Record(resource, (RedisResult[])reply[2]!)
        : RedisReplies.Refused(resource, reply);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(TimeSpan value) => value.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
}
