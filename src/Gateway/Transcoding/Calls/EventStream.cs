using Coordinator.Gateway.Transcoding.Json;
using Coordinator.Gateway.Transcoding.Routes;
using Google.Protobuf;
using Grpc.Core;
using System.Collections;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>
/// A server stream as Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). It ends with the stream,
/// with its reader, and when the process is told to end; a reader comes back with the last id and misses nothing.
/// </summary>
internal sealed class EventStream(Coordinators coordinators, Drain drain, TimeProvider time, ILogger<EventStream> log)
{
    /// <summary>Throws an <see cref="RpcException"/> while nothing was answered yet; what fails later is told in the last event.</summary>
    public async Task AnswerAsync(HttpContext http, Binding binding, IMessage request, Metadata headers)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, drain.Streams);
        using var stream = await coordinators.FollowAsync(binding.Call, request, headers, ends.Token).ConfigureAwait(false);
        Answers.WriteLimit(http.Response, binding.Envelope, RpcFailures.LimitOf(stream.Headers, null));
        var writer = new EventWriter(http, binding.Method.FullName, drain, time, log);
        try
        {
            await writer.FlushAsync().ConfigureAwait(false);
            await CopyAsync(writer, binding, stream, ends.Token).ConfigureAwait(false);
        }
        catch (Exception ended) when (ended is OperationCanceledException || (ended is RpcException && ends.IsCancellationRequested))
        {
            // Its reader left or does not read, or the process is about to end: there is nothing to say.
        }
        catch (RpcException fault)
        {
            var failure = RpcFailures.Of(fault, binding.Method);
            writer.Write("event: error\n", Answers.Json(json => binding.Envelope.WriteBody(json, failure)).Span);
            await writer.FlushAsync().ConfigureAwait(false);
        }
    }

    private async Task CopyAsync(EventWriter writer, Binding binding, StartedStream stream, CancellationToken ends)
    {
        while (true)
        {
            try
            {
                if (!await stream.Next.WaitAsync(EventWriter.KeepAliveAfter, time, ends).ConfigureAwait(false))
                {
                    return;
                }

                WriteMessage(writer, binding, stream.Current);
                stream.MoveNext(ends);
            }
            catch (TimeoutException)
            {
                writer.KeepAlive();
            }

            await writer.FlushAsync().ConfigureAwait(false);
        }
    }

    private static void WriteMessage(EventWriter writer, Binding binding, IMessage message)
    {
        var events = binding.EventsField is { } field ? ((IList)field.Accessor.GetValue(message)).Cast<IMessage>() : [message];
        foreach (var each in events)
        {
            var id = binding.EventIdField is { } idField ? MessageWriter.Text(idField.Accessor.GetValue(each)) : "";
            writer.Write(id.Length == 0 || id.AsSpan().ContainsAny('\r', '\n', '\0') ? "" : $"id: {id}\n", Answers.Json(json => MessageWriter.Write(json, each)).Span);
        }
    }
}
