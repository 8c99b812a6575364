using Coordinator.Leases;
using StackExchange.Redis;
using System.Globalization;
using System.Text;

namespace Coordinator.Storage.Redis;

/// <summary>The hot path: a batch of renewals as one script call, or one for each partition where the server is a cluster.</summary>
internal static class RedisRenewals
{
    private const int Leading = 2;

    public static async ValueTask RunAsync(
        RedisCaller caller, RedisScript script, bool cluster, Guard guard, ReadOnlyMemory<Renewal> renewals, Memory<RenewalResult> results, CancellationToken cancellation)
    {
        if (!cluster)
        {
            await RunAsync(caller, script, guard, renewals, results, cancellation).ConfigureAwait(false);
            return;
        }

        var parts = Enumerable.Range(0, renewals.Length).GroupBy(i => renewals.Span[i].Resource.Partition);
        await Task.WhenAll(parts.Select(async part =>
        {
            int[] which = [.. part];
            var own = new RenewalResult[which.Length];
            await RunAsync(caller, script, guard, which.Select(i => renewals.Span[i]).ToArray(), own, cancellation).ConfigureAwait(false);
            for (var i = 0; i < which.Length; i++)
            {
                results.Span[which[i]] = own[i];
            }
        })).ConfigureAwait(false);
    }

    private static async ValueTask RunAsync(
        RedisCaller caller, RedisScript script, Guard guard, ReadOnlyMemory<Renewal> renewals, Memory<RenewalResult> results, CancellationToken cancellation)
    {
        var (keys, arguments) = guard == Guard.Connection ? ByConnection(renewals.Span) : Otherwise(guard, renewals.Span);
        // Those of streams are gathered, few calls for all of them.
        var reply = guard == Guard.Connection
            ? await caller.RunAtOnceAsync(script, keys, arguments, cancellation).ConfigureAwait(false)
            : await caller.RunAsync(script, keys, arguments, cancellation).ConfigureAwait(false);
        for (var i = 0; i < renewals.Length; i++)
        {
            results.Span[i] = Result(reply[Leading + i]);
        }
    }

    private static (RedisKey[] Keys, RedisValue[] Arguments) ByConnection(ReadOnlySpan<Renewal> renewals)
    {
        var (keys, arguments) = (new RedisKey[renewals.Length], new RedisValue[Leading + renewals.Length]);
        arguments[1] = "connection";
        for (var i = 0; i < renewals.Length; i++)
        {
            var prepared = renewals[i].Prepared as Prepared ?? Prepare(renewals[i]);
            (keys[i], arguments[Leading + i]) = (prepared.Key, prepared.Guard);
        }

        return (keys, arguments);
    }

    private static (RedisKey[] Keys, RedisValue[] Arguments) Otherwise(Guard guard, ReadOnlySpan<Renewal> renewals)
    {
        var stride = guard == Guard.Resume ? 3 : 1;
        var (keys, arguments) = (new RedisKey[renewals.Length], new RedisValue[Leading + (renewals.Length * stride)]);
        arguments[1] = guard == Guard.Resume ? "resume" : "token";
        for (var i = 0; i < renewals.Length; i++)
        {
            var at = Leading + (i * stride);
            keys[i] = RedisKeys.Lease(renewals[i].Resource);
            arguments[at] = renewals[i].Token.ToString(CultureInfo.InvariantCulture);
            if (guard == Guard.Resume)
            {
                (arguments[at + 1], arguments[at + 2]) = (renewals[i].Connection, renewals[i].Holder);
            }
        }

        return (keys, arguments);
    }

    private static Prepared Prepare(Renewal renewal)
    {
        var guard = string.Create(CultureInfo.InvariantCulture, $"{renewal.Token}:{renewal.Connection}");
        var prepared = new Prepared(Encoding.UTF8.GetBytes(RedisKeys.Lease(renewal.Resource)), Encoding.UTF8.GetBytes(guard));
        renewal.Prepared = prepared;
        return prepared;
    }

    private static RenewalResult Result(RedisResult answer)
    {
        if (answer.Length < 0)
        {
            var granted = TimeSpan.FromMilliseconds((long)answer);
            return new(granted, granted, 0, null, null);
        }

        var parts = (RedisResult[])answer!;
        if (RedisReplies.Text(parts[0]) == "lost")
        {
            return new(default, default, 0, null, RedisReplies.Lost(parts));
        }

        var ttl = TimeSpan.FromMilliseconds((long)parts[1]);
        return new(ttl, ttl, (long)parts[2], RedisReplies.Control(RedisReplies.Text(parts[3])), null);
    }

    // In the bytes that go to the server.
    private sealed record Prepared(byte[] Key, byte[] Guard);
}
