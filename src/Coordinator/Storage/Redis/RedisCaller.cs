using Coordinator.Leases;
using StackExchange.Redis;
using System.Globalization;
using System.Threading.RateLimiting;

namespace Coordinator.Storage.Redis;

/// <summary>
/// Runs a script within a time budget and says what is known when it does not answer: every exception of the client ends here. Of what
/// anybody asks for only so much is under way at once, and the budget begins with the turn: thousands that come in the same instant are
/// served one after another, not timed out behind each other.
/// </summary>
internal sealed class RedisCaller(IConnectionMultiplexer connection, RedisClock clock, RedisFitness fitness, RedisOptions options, TimeProvider time) : IDisposable
{
    // Far above what is served while anybody still waits for it.
    private const int MostWaiting = 100_000;

    private readonly ConcurrencyLimiter _turns = new(new() { PermitLimit = options.CallsAtOnce, QueueLimit = MostWaiting });
    private readonly IDatabase _database = connection.GetDatabase();

    // Said by the server before a script (or command) has done anything.
    private static readonly string[] NothingRan =
        ["OOM", "MISCONF", "READONLY", "LOADING", "BUSY", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOAUTH", "NOPERM", "WRONGPASS", "CROSSSLOT"];

    public void Dispose() => _turns.Dispose();

    /// <summary>Runs a script in its turn: <see cref="RunAtOnceAsync"/>.</summary>
    public async ValueTask<RedisResult[]> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellation)
    {
        using var turn = await TakeTurnAsync(cancellation).ConfigureAwait(false);
        return await RunAtOnceAsync(script, keys, arguments, cancellation).ConfigureAwait(false);
    }

    /// <summary>Awaits a command of the client in its turn: <see cref="AskAtOnceAsync"/>.</summary>
    public async ValueTask<T> AskAsync<T>(Func<Task<T>> command, CancellationToken cancellation)
    {
        using var turn = await TakeTurnAsync(cancellation).ConfigureAwait(false);
        return await AskAtOnceAsync(command, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Runs a script whose first argument is its <c>not_after</c>; a stale answer is tried once more with the time it brought. For callers
    /// that are few by themselves, such as gathered renewals, which must not wait behind a storm of something else.
    /// </summary>
    /// <param name="arguments">The first place is filled in here.</param>
    public async ValueTask<RedisResult[]> RunAtOnceAsync(RedisScript script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var notAfter = clock.NotAfter(options.CallTimeout) ?? await ReadTimeAsync(cancellation).ConfigureAwait(false);
            arguments[0] = notAfter.ToString(CultureInfo.InvariantCulture);
            var reply = (RedisResult[])(await AskAtOnceAsync(() => EvaluateAsync(script, keys, arguments), cancellation).ConfigureAwait(false))!;
            var stale = (string)reply[0]! == "stale";
            clock.Observe((long)reply[1], always: stale);
            if (!stale)
            {
                return reply;
            }

            if (attempt == 2)
            {
                throw new StoreException(StoreFailure.Stale, "The command reached Redis after its time and changed nothing.");
            }
        }
    }

    /// <summary>Awaits a command of the client with the call's deadline; for callers that are few by themselves.</summary>
    public async ValueTask<T> AskAtOnceAsync<T>(Func<Task<T>> command, CancellationToken cancellation)
    {
        fitness.ThrowIfUnfit();
        try
        {
            return await RedisPatience.WithinAsync(command(), options.CallTimeout, time, cancellation).ConfigureAwait(false);
        }
        catch (RedisServerException refused) when (Array.Exists(NothingRan, code => refused.Message.StartsWith(code, StringComparison.Ordinal)))
        {
            throw new StoreException(StoreFailure.Unavailable, $"Redis refuses commands: {refused.Message}", refused);
        }
        catch (RedisConnectionException away) when (away.CommandStatus is CommandStatus.WaitingToBeSent or CommandStatus.WaitingInBacklog)
        {
            throw new StoreException(StoreFailure.Unavailable, "Redis cannot be reached.", away);
        }
        catch (Exception broken) when (broken is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            // A dropped connection can surface as almost any exception: whatever it is, the command may have run.
            throw new StoreException(StoreFailure.OutcomeUnknown, $"Redis did not answer: {broken.Message}", broken);
        }
    }

    private async ValueTask<RateLimitLease> TakeTurnAsync(CancellationToken cancellation)
    {
        var turn = await _turns.AcquireAsync(1, cancellation).ConfigureAwait(false);
        if (turn.IsAcquired)
        {
            return turn;
        }

        turn.Dispose();
        throw new StoreException(StoreFailure.Unavailable, $"{MostWaiting} calls wait for Redis; this one was not sent.");
    }

    // A script goes by its hash, which the client would look up by the whole text each time. Where the server does not know it nothing
    // has run, and the text goes instead; from then on the server knows it.
    private async Task<RedisResult> EvaluateAsync(RedisScript script, RedisKey[] keys, RedisValue[] arguments)
    {
        try
        {
            return await _database.ScriptEvaluateAsync(script.Hash, keys, arguments).ConfigureAwait(false);
        }
        catch (RedisServerException unknown) when (unknown.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            return await _database.ScriptEvaluateAsync(script.Text, keys, arguments, CommandFlags.NoScriptCache).ConfigureAwait(false);
        }
    }

    private async ValueTask<long> ReadTimeAsync(CancellationToken cancellation)
    {
        var parts = (RedisResult[])(await AskAtOnceAsync(() => _database.ExecuteAsync("TIME"), cancellation).ConfigureAwait(false))!;
        clock.Observe(((long)parts[0] * 1_000_000) + (long)parts[1], always: true);
        return clock.NotAfter(options.CallTimeout)
            ?? throw new StoreException(StoreFailure.Unavailable, "The connection to Redis was lost while its clock was read.");
    }
}
