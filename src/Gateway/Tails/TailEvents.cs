using Coordinator.Gateway.Transcoding.Calls;
using Coordinator.V1;
using System.Globalization;
using System.Text.Json;

namespace Coordinator.Gateway.Tails;

/// <summary>A tail as Server-Sent Events: each frame is one, and its number the id. The last event says why it ends.</summary>
internal static class TailEvents
{
    public static async Task WriteAsync(TailFeed feed, EventWriter writer, Drain drain, TimeProvider time)
    {
        try
        {
            await writer.FlushAsync().ConfigureAwait(false);
            var closing = await CopyAsync(feed, writer, drain, time).ConfigureAwait(false);
            writer.Write("event: close\n", Answers.Json(json => Write(json, closing)).Span);
            await writer.FlushAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Its reader has left or does not read.
        }
    }

    private static async Task<Closing> CopyAsync(TailFeed feed, EventWriter writer, Drain drain, TimeProvider time)
    {
        for (var next = feed.NextAsync(); ;)
        {
            try
            {
                var response = await next.WaitAsync(EventWriter.KeepAliveAfter, time, drain.Streams).ConfigureAwait(false);
                var number = response.First;
                foreach (var frame in response.Frames)
                {
                    writer.Write(string.Create(CultureInfo.InvariantCulture, $"id: {number++}\n"), frame.Span);
                }

                if (response.Closing is { } closing)
                {
                    return closing;
                }

                next = feed.NextAsync();
            }
            catch (TimeoutException)
            {
                writer.KeepAlive();
            }
            catch (OperationCanceledException) when (drain.Streams.IsCancellationRequested)
            {
                return Closings.Stopping;
            }

            await writer.FlushAsync().ConfigureAwait(false);
        }
    }

    private static void Write(Utf8JsonWriter json, Closing closing)
    {
        json.WriteStartObject();
        json.WriteNumber("code", closing.Code);
        json.WriteString("reason", closing.Reason);
        json.WriteEndObject();
    }
}
