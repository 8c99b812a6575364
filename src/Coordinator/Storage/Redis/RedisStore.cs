using Coordinator.Credentials;
using Coordinator.Events;
using Coordinator.Leases;
using Coordinator.Limits;
using Coordinator.Records;
using Coordinator.Tails;
using StackExchange.Redis;
using System.ComponentModel.DataAnnotations;

namespace Coordinator.Storage.Redis;

/// <summary>The connection to Redis and the stores that live on it.</summary>
internal sealed class RedisStore : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _connection;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _watching;
    private readonly RedisCaller _caller;

    private RedisStore(ConnectionMultiplexer connection, RedisOptions options, StoreRetention retention, TimeProvider time)
    {
        _connection = connection;
        var clock = new RedisClock(time);
        connection.ConnectionRestored += (_, _) =>
        {
            clock.Discard();
            _ = Fitness.CheckAsync(connection, options.CallTimeout, time);
        };
        connection.ConnectionFailed += (_, _) =>
        {
            clock.Discard();
            _ = Fitness.CheckAsync(connection, options.CallTimeout, time);
        };
        connection.ConfigurationChanged += (_, _) => clock.Discard();
        _caller = new RedisCaller(connection, clock, Fitness, options, time);
        Wakes = new RedisWakes(connection);
        var scripts = new RedisScripts(retention);
        Leases = new RedisLeaseStore(_caller, scripts, Wakes, Fitness);
        Records = new RedisRecordStore(connection, _caller, scripts);
        Credentials = new RedisCredentialStore(connection, _caller, scripts);
        Limits = new RedisLimitStore(_caller, scripts);
        Traces = new RedisTraceChannel(connection, _caller);
        Events = new RedisEventStore(connection, _caller, Wakes);
        _watching = WatchFitnessAsync(options, time);
    }

    public ILeaseStore Leases { get; }

    public IEventStore Events { get; }

    public IRecordStore Records { get; }

    public ICredentialStore Credentials { get; }

    public ILimitStore Limits { get; }

    public ITraceChannel Traces { get; }

    public RedisFitness Fitness { get; } = new();

    private RedisWakes Wakes { get; }

    /// <summary>Connects; a Redis that is away or unfit is waited for, and told by <see cref="Fitness"/>.</summary>
    public static async Task<RedisStore> ConnectAsync(RedisOptions options, StoreRetention retention, TimeProvider time)
    {
        var configuration = Parse(options.Configuration);
        configuration.AbortOnConnectFail = false;
        // Queueing silently while disconnected would send commands long after their callers were told.
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        // Half the CPU per call of the default pool of threads at 64 calls in flight.
        configuration.SocketManager = SocketManager.ThreadPool;
        configuration.ReconnectRetryPolicy = new LinearRetry(200);
        configuration.ConnectTimeout = (int)options.CallTimeout.TotalMilliseconds;
        configuration.ClientName ??= "coordinator";
        // The client counts INFO, which fitness is read from, among the commands of an administrator.
        configuration.AllowAdmin = true;
        var store = new RedisStore(await ConnectionMultiplexer.ConnectAsync(configuration).ConfigureAwait(false), options, retention, time);
        await store.Fitness.CheckAsync(store._connection, options.CallTimeout, time).ConfigureAwait(false);
        await store.Wakes.StartAsync().ConfigureAwait(false);
        return store;
    }

    private static ConfigurationOptions Parse(string text)
    {
        try
        {
            var configuration = ConfigurationOptions.Parse(text);
            return configuration.EndPoints.Count > 0 ? configuration : throw new ValidationException("--redis names no server.");
        }
        catch (ArgumentException unreadable)
        {
            throw new ValidationException($"--redis cannot be read: {unreadable.Message}", unreadable);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
        _caller.Dispose();
        _stopping.Dispose();
    }

    private async Task WatchFitnessAsync(RedisOptions options, TimeProvider time)
    {
        using var timer = new PeriodicTimer(options.FitnessInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                await Fitness.CheckAsync(_connection, options.CallTimeout, time).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The store is being closed.
        }
    }
}
