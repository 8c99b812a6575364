using Coordinator.Leases;
using Coordinator.Records;
using StackExchange.Redis;
using System.Globalization;

namespace Coordinator.Storage.Redis;

/// <summary>The arguments of <c>step.lua</c>, in its order; the first place is the caller's.</summary>
internal static class RedisStepArguments
{
    public static RedisValue[] Of(GuardedStep step) => Pack(
        step.Token, step.Connection, holder: null, step.Renew, grant: null, step.AcknowledgedControl, step.Control, step.Batch, shown: false, []);

    /// <param name="shown">Whether the record is asked back.</param>
    public static RedisValue[] Of(RecordStep step, bool shown) => Pack(
        step.Token ?? 0, connection: null, step.Holder, step.Renew, step.Take ? -step.Grant : step.Grant, acknowledged: null, step.Control, step.Batch, shown,
        step.Changes);

    private static RedisValue[] Pack(
        long token, string? connection, string? holder, TimeSpan? renew, TimeSpan? grant, string? acknowledged, LeaseControl? control, EventBatch? batch,
        bool shown, IReadOnlyList<FieldChange> changes)
    {
        const int Fixed = 12;
        var events = batch?.Events ?? [];
        var arguments = new RedisValue[Fixed + (changes.Count * 3) + (events.Count * 2)];
        arguments[1] = Number(token);
        arguments[2] = connection ?? "*";
        arguments[3] = holder ?? "";
        arguments[4] = Milliseconds(renew);
        arguments[5] = Milliseconds(grant);
        arguments[6] = acknowledged ?? "";
        arguments[7] = control is null ? "" : RedisReplies.Control(control);
        arguments[8] = batch?.Sequence == EventBatch.Next ? "+" : Number(batch?.Sequence ?? 0);
        arguments[9] = batch?.Digest ?? "";
        arguments[10] = shown ? "1" : "";
        arguments[11] = Number(changes.Count);
        var at = Fixed;
        foreach (var change in changes)
        {
            arguments[at++] = Word(change.Kind);
            arguments[at++] = change.Field;
            arguments[at++] = change.Value;
        }

        foreach (var entry in events)
        {
            arguments[at++] = entry.Type;
            arguments[at++] = entry.Payload;
        }

        return arguments;
    }

    private static string Word(ChangeKind kind) => kind switch
    {
        ChangeKind.Set => "set",
        ChangeKind.Max => "max",
        ChangeKind.Now => "now",
        ChangeKind.Del => "del",
        ChangeKind.Move => "move",
        ChangeKind.Is => "is",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A change that no script knows."),
    };

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(TimeSpan? value) => value is { } span ? span.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) : "0";
}
