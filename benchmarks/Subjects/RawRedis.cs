using Benchmarks.Load;
using Benchmarks.Servers;
using Coordinator.Leases;
using Coordinator.Storage;
using Coordinator.Storage.Redis;
using Coordinator.V1;
using StackExchange.Redis;

namespace Benchmarks.Subjects;

/// <summary>What Redis can do at most through its client: calls side by side, and nothing before or behind them.</summary>
internal sealed class RawRedis(int operations, Func<Task<int>> callAsync) : IBeats
{
    // Where the guard stands in a lease: docs/REDIS.md.
    private const int GuardAt = 41;
    private readonly Queue<Task<int>> _calls = new();

    public int Operations => operations;

    public static Task<ConnectionMultiplexer> ConnectAsync(Server redis)
    {
        var options = ConfigurationOptions.Parse($"127.0.0.1:{redis.Port}");
        options.SocketManager = SocketManager.ThreadPool;
        return ConnectionMultiplexer.ConnectAsync(options);
    }

    /// <summary>Renews leases of the coordinator by the script that it uses itself, as many a call as it does at most.</summary>
    public static async Task<IReadOnlyList<RawRedis>> RenewalsAsync(ConnectionMultiplexer connection, IEnumerable<LeaseRef> leases)
    {
        var database = connection.GetDatabase();
        var script = new RedisScripts(new StoreRetention()).Renew;
        await database.ExecuteAsync("SCRIPT", "LOAD", script.Text).ConfigureAwait(false);
        var callers = new List<RawRedis>();
        foreach (var chunk in leases.Chunk(ILeaseStore.MaxRenewalsPerCall))
        {
            RedisKey[] keys = [.. chunk.Select(lease => RedisKeys.Lease(ResourceKey.Of(Fleet.Tenant, lease.Resource)))];
            var guards = await Task.WhenAll(keys.Select(key => database.StringGetRangeAsync(key, GuardAt, -1))).ConfigureAwait(false);
            RedisValue[] arguments = ["9000000000000000", "connection", .. guards];
            callers.Add(new(keys.Length, async () => Renewed((RedisResult[])(await database.ScriptEvaluateAsync(script.Hash, keys, arguments).ConfigureAwait(false))!)));
        }

        return callers;
    }

    /// <summary>Appends events one by one, pipelined: to a log of its own, trimmed as the coordinator trims.</summary>
    public static RawRedis Appends(ConnectionMultiplexer connection, string log, int events)
    {
        var database = connection.GetDatabase();
        var payload = EventStream.Payload.ToByteArray();
        return new(events, async () =>
        {
            var added = new Task<RedisValue>[events];
            for (var i = 0; i < events; i++)
            {
                added[i] = database.StreamAddAsync(log, [new("type", EventStream.Type), new("payload", payload)], maxLength: 10_000, useApproximateMaxLength: true);
            }

            return (await Task.WhenAll(added).ConfigureAwait(false)).Count(id => !id.IsNull);
        });
    }

    public Task AskAsync()
    {
        _calls.Enqueue(callAsync());
        return Task.CompletedTask;
    }

    public async Task AnswerAsync()
    {
        var done = await _calls.Dequeue().ConfigureAwait(false);
        if (done != operations)
        {
            throw new InvalidOperationException($"{done} of {operations} were done.");
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static int Renewed(RedisResult[] reply) => reply.Skip(2).Count(answer => answer.Length < 0);
}
