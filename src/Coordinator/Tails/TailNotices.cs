using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Coordinator.Tails;

/// <summary>What a tail tells its reader of itself, as messages among those that it follows.</summary>
/// <param name="script">The script that is followed; empty for all of an account's.</param>
/// <param name="live">In the shape of live tails.</param>
internal sealed class TailNotices(string script, bool live, TimeProvider time)
{
    /// <summary>From here on messages are dropped.</summary>
    public ReadOnlyMemory<byte> Overload() => Make(
        """{"message":"Tail is currently in sampling mode due to the high volume of messages. To prevent messages from being dropped consider adding filters.","type":"overload"}""");

    /// <summary>From here on none are.</summary>
    /// <param name="dropped">How many were, since the notice before.</param>
    public ReadOnlyMemory<byte> OverloadStop(long dropped) => Make(string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"message":"Tail has exited sampling mode and is no longer dropping messages.","type":"overload-stop","dropped":{{dropped}}}"""));

    private ReadOnlyMemory<byte> Make(string info)
    {
        var now = time.GetUtcNow();
        var message = $$"""{"outcome":"ok","scriptName":{{JsonSerializer.Serialize(script)}},"exceptions":[],"logs":[],"event":{{info}}}""";
        // The time is put in as with any other message.
        var parsed = TraceMessage.Parse(Encoding.UTF8.GetBytes(message), script, now).Value!;
        return live ? LiveShape.Frames(parsed, Guid.NewGuid().ToString("N"))[0].Json : parsed.Json;
    }
}
