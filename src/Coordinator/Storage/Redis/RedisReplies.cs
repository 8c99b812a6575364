using Coordinator.Leases;
using StackExchange.Redis;
using System.Text.Json;

namespace Coordinator.Storage.Redis;

/// <summary>Reads what the scripts return. Shapes are given at the head of each script.</summary>
internal static class RedisReplies
{
    public static string Text(RedisResult value) => (string?)value ?? "";

    public static DateTimeOffset Instant(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    // describe(): name, token, holder, ttl_ms, deadline, acquired, batch, labels
    public static Lease Lease(ResourceKey resource, RedisResult[] parts) => new(
        resource,
        (long)parts[1],
        Text(parts[2]),
        TimeSpan.FromMilliseconds((long)parts[3]),
        Instant((long)parts[4]),
        Instant((long)parts[5]),
        (long)parts[6],
        JsonSerializer.Deserialize<Dictionary<string, string>>(Text(parts[7])) ?? []);

    // lost(): 'lost', reason, current token, batch
    public static LostLease Lost(RedisResult[] parts) => new(Reason(Text(parts[1])), (long)parts[2], (long)parts[3]);

    public static EndReason Reason(string word) => word switch
    {
        "expired" => EndReason.Expired,
        "released" => EndReason.Released,
        "revoked" => EndReason.Revoked,
        "superseded" => EndReason.Superseded,
        _ => EndReason.Forgotten,
    };

    public static string Word(EndReason reason) => reason switch
    {
        EndReason.Expired => "expired",
        EndReason.Released => "released",
        EndReason.Revoked => "revoked",
        EndReason.Superseded => "superseded",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "A grant cannot end for this reason."),
    };

    // An id, a kind and a text, a line each: none of the first two holds a line break.
    public static string Control(LeaseControl control) => $"{control.Id}\n{control.Kind}\n{control.Reason}";

    public static LeaseControl? Control(string text) =>
        text.Split('\n', 3) is [var id, var kind, var reason] ? new(id, kind, reason) : null;

    /// <summary>The refusals that several scripts share.</summary>
    public static Refusal Refused(ResourceKey resource, RedisResult[] reply) => Text(reply[0]) switch
    {
        "held" => Refusals.Held(Lease(resource, (RedisResult[])reply[2]!)),
        "lost" => Refusals.Lost(resource, Lost((RedisResult[])reply[2]!)),
        "none" => Refusals.NotFound(resource),
        "mismatch" => Refusals.OperationMismatch(),
        "gap" => Refusals.Gap((long)reply[2]),
        "batch_mismatch" => Refusals.BatchMismatch(),
        var word => throw new InvalidOperationException($"A script answered with \"{word}\", which no one knows."),
    };
}
