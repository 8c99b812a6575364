using Coordinator.Leases;
using StackExchange.Redis;
using System.Globalization;

namespace Coordinator.Storage.Redis;

/// <summary>The hot path: a batch of renewals as one script call, or one for each partition where the server is a cluster.</summary>
internal static class RedisRenewals
{
    public static async ValueTask RunAsync(
        RedisCaller caller, string script, bool cluster, Guard guard, ReadOnlyMemory<Renewal> renewals, Memory<RenewalResult> results, CancellationToken cancellation)
    {
        if (!cluster)
        {
            await RunAsync(caller, script, guard, renewals, [.. Enumerable.Range(0, renewals.Length)], results, cancellation).ConfigureAwait(false);
            return;
        }

        var parts = Enumerable.Range(0, renewals.Length).GroupBy(i => renewals.Span[i].Resource.Partition);
        await Task.WhenAll(parts.Select(part =>
            RunAsync(caller, script, guard, renewals, [.. part], results, cancellation).AsTask())).ConfigureAwait(false);
    }

    private static async ValueTask RunAsync(
        RedisCaller caller, string script, Guard guard, ReadOnlyMemory<Renewal> renewals, int[] which, Memory<RenewalResult> results, CancellationToken cancellation)
    {
        var keys = new RedisKey[which.Length];
        var stride = guard == Guard.Resume ? 3 : 1;
        var arguments = new RedisValue[2 + (which.Length * stride)];
        arguments[1] = guard switch { Guard.Connection => "connection", Guard.Token => "token", _ => "resume" };
        for (var i = 0; i < which.Length; i++)
        {
            ref readonly var renewal = ref renewals.Span[which[i]];
            keys[i] = RedisKeys.Lease(renewal.Resource);
            var token = renewal.Token.ToString(CultureInfo.InvariantCulture);
            arguments[2 + (i * stride)] = guard == Guard.Connection ? $"{token}:{renewal.Connection}" : token;
            if (guard == Guard.Resume)
            {
                arguments[3 + (i * stride)] = renewal.Connection;
                arguments[4 + (i * stride)] = renewal.Holder;
            }
        }

        var reply = await caller.RunAsync(script, keys, arguments, cancellation).ConfigureAwait(false);
        for (var i = 0; i < which.Length; i++)
        {
            results.Span[which[i]] = Result(reply[2 + i]);
        }
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
}
