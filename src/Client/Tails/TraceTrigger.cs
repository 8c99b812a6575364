using System.Text.Json;

namespace Coordinator.Client;

/// <summary>What started an invocation: one of the records that derive from this one.</summary>
public abstract record TraceTrigger
{
    private protected TraceTrigger()
    {
    }

    /// <summary>Writes the object that tails see as <c>event</c>.</summary>
    internal abstract void Write(Utf8JsonWriter json);
}

/// <summary>An HTTP request.</summary>
/// <param name="Url">In full, with its query.</param>
/// <param name="Method">Such as GET.</param>
/// <param name="Status">The status that was answered; null where there was none.</param>
public sealed record RequestTrigger(string Url, string Method, int? Status = null) : TraceTrigger
{
    /// <summary>The headers of the request; tails filter by them. Default: none.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>What the network knows of the request: a JSON object. Default: an empty one.</summary>
    public JsonElement? Cf { get; init; }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("request");
        json.WriteString("url", Url);
        json.WriteString("method", Method);
        json.WriteStartObject("headers");
        foreach (var (name, value) in Headers)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WritePropertyName("cf");
        if (Cf is { ValueKind: JsonValueKind.Object } cf)
        {
            cf.WriteTo(json);
        }
        else
        {
            json.WriteStartObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        if (Status is { } status)
        {
            json.WriteStartObject("response");
            json.WriteNumber("status", status);
            json.WriteEndObject();
        }
    }
}

/// <summary>A timetable.</summary>
/// <param name="Cron">The line of the timetable, such as <c>*/5 * * * *</c>.</param>
/// <param name="ScheduledTime">When the invocation was due.</param>
public sealed record ScheduledTrigger(string Cron, DateTimeOffset ScheduledTime) : TraceTrigger
{
    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteString("cron", Cron);
        json.WriteNumber("scheduledTime", ScheduledTime.ToUnixTimeMilliseconds());
    }
}

/// <summary>An alarm that an object set for itself.</summary>
/// <param name="ScheduledTime">When it was due.</param>
public sealed record AlarmTrigger(DateTimeOffset ScheduledTime) : TraceTrigger
{
    internal override void Write(Utf8JsonWriter json) =>
        json.WriteString("scheduledTime", ScheduledTime.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture));
}

/// <summary>Messages of a queue.</summary>
/// <param name="Queue">Its name.</param>
/// <param name="BatchSize">How many messages came at once.</param>
public sealed record QueueTrigger(string Queue, int BatchSize) : TraceTrigger
{
    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteString("queue", Queue);
        json.WriteNumber("batchSize", BatchSize);
    }
}

/// <summary>A mail.</summary>
/// <param name="MailFrom">The sender of its envelope.</param>
/// <param name="RcptTo">The recipient of its envelope.</param>
/// <param name="RawSize">Its size in bytes.</param>
public sealed record EmailTrigger(string MailFrom, string RcptTo, long RawSize) : TraceTrigger
{
    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteString("mailFrom", MailFrom);
        json.WriteString("rcptTo", RcptTo);
        json.WriteNumber("rawSize", RawSize);
    }
}

/// <summary>Events of other scripts, which this one consumes.</summary>
/// <param name="ConsumedScripts">The script of each of them; null where it has no name.</param>
public sealed record TailTrigger(params IReadOnlyList<string?> ConsumedScripts) : TraceTrigger
{
    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray("consumedEvents");
        foreach (var script in ConsumedScripts)
        {
            json.WriteStartObject();
            json.WriteString("scriptName", script);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

/// <summary>A call of another script.</summary>
/// <param name="RpcMethod">The method that it called.</param>
public sealed record RpcTrigger(string RpcMethod) : TraceTrigger
{
    internal override void Write(Utf8JsonWriter json) => json.WriteString("rpcMethod", RpcMethod);
}
