using Coordinator.Limits;
using StackExchange.Redis;
using System.Globalization;

namespace Coordinator.Storage.Redis;

/// <summary>Counts of calls in Redis: a hash for each partition, one script for each call.</summary>
internal sealed class RedisLimitStore(RedisCaller caller, RedisScripts scripts) : ILimitStore
{
    private static readonly RedisValue OwnPlaces = Number(ILimitStore.OwnPlaces);

    public async ValueTask<WindowCount> CountAsync(string subject, int limit, TimeSpan window, CancellationToken cancellation)
    {
        RedisKey[] keys = [RedisKeys.Limits(RedisKeys.PartitionOfHash(subject))];
        var reply = await caller.RunAsync(scripts.Limit, keys, [
            default, subject, Number(limit), Number((long)window.TotalMicroseconds), OwnPlaces,
            subject[^ILimitStore.SharedPlaceCharacters..],
        ], cancellation).ConfigureAwait(false);
        return new((int)reply[2], TimeSpan.FromMicroseconds((long)reply[3]));
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
