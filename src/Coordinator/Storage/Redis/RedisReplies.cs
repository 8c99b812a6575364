using Coordinator.Leases;
using Coordinator.Records;
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

    // view(): name, fields and values, lease or '', control or ''
    public static Record Record(ResourceKey resource, RedisResult[] parts)
    {
        var named = resource with { Name = Text(parts[0]) };
        var flat = (RedisResult[])parts[1]!;
        var fields = new Dictionary<string, string>();
        for (var i = 0; i < flat.Length; i += 2)
        {
            fields[Text(flat[i])] = Text(flat[i + 1]);
        }

        return new(named, fields, Held(named, parts[2]), Control(Text(parts[3])));
    }

    // deadline, acked, last log sequence
    public static StepResult Step(RedisResult[] reply) => new(Instant((long)reply[2]), (long)reply[3], (long)reply[4]);

    private static Lease? Held(ResourceKey resource, RedisResult lease) =>
        lease.Resp2Type == ResultType.Array ? Lease(resource, (RedisResult[])lease!) : null;

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
        "absent" => Refusals.Absent(resource),
        "final" => Refusals.Final(resource, Text(reply[2])),
        "foreign" => Refusals.NotHolder(resource, Held(resource, reply[2])),
        "taken" => Refusals.NameTaken(Text(reply[2])),
        "full" => Refusals.TooManyActive((int)reply[2], (int)reply[3]),
        "mismatch" => Refusals.OperationMismatch(),
        "gap" => Refusals.Gap((long)reply[2]),
        "batch_mismatch" => Refusals.BatchMismatch(),
        var word => throw new InvalidOperationException($"A script answered with \"{word}\", which no one knows."),
    };
}
