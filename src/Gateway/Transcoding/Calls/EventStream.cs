using Coordinator.Gateway.Transcoding.Json;
using Coordinator.Gateway.Transcoding.Routes;
using Google.Protobuf;
using Grpc.Core;
using System.Buffers;
using System.Collections;
using System.Text;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>
/// A server stream as Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). It ends with the stream,
/// with its reader, and when the process is told to end; a reader comes back with the last id and misses nothing.
/// </summary>
internal sealed class EventStream(Coordinators coordinators, Drain drain, TimeProvider time, ILogger<EventStream> log)
{
    private static readonly TimeSpan KeepAliveAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan WriteWithin = TimeSpan.FromSeconds(10);

    /// <summary>Throws an <see cref="RpcException"/> while nothing was answered yet; what fails later is told in the last event.</summary>
    public async Task AnswerAsync(HttpContext http, Binding binding, IMessage request, Metadata headers)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, drain.Streams);
        using var stream = await coordinators.FollowAsync(binding.Call, request, headers, ends.Token).ConfigureAwait(false);
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache";
        Answers.WriteLimit(http.Response, binding.Envelope, RpcFailures.LimitOf(stream.Headers, null));
        try
        {
            await FlushAsync(http, binding).ConfigureAwait(false);
            await CopyAsync(http, binding, stream, ends.Token).ConfigureAwait(false);
        }
        catch (Exception ended) when (ended is OperationCanceledException || (ended is RpcException && ends.IsCancellationRequested))
        {
            // Its reader left or does not read, or the process is about to end: there is nothing to say.
        }
        catch (RpcException fault)
        {
            var failure = RpcFailures.Of(fault, binding.Method);
            Write(http.Response.BodyWriter, "event: error\n", Answers.Json(json => binding.Envelope.WriteBody(json, failure)));
            await FlushAsync(http, binding).ConfigureAwait(false);
        }
    }

    private async Task CopyAsync(HttpContext http, Binding binding, StartedStream stream, CancellationToken ends)
    {
        while (true)
        {
            try
            {
                if (!await stream.Next.WaitAsync(KeepAliveAfter, time, ends).ConfigureAwait(false))
                {
                    return;
                }

                WriteMessage(http.Response.BodyWriter, binding, stream.Current);
                stream.MoveNext(ends);
            }
            catch (TimeoutException)
            {
                http.Response.BodyWriter.Write(": keep-alive\n\n"u8);
            }

            await FlushAsync(http, binding).ConfigureAwait(false);
        }
    }

    private static void WriteMessage(IBufferWriter<byte> body, Binding binding, IMessage message)
    {
        var events = binding.EventsField is { } field ? ((IList)field.Accessor.GetValue(message)).Cast<IMessage>() : [message];
        foreach (var each in events)
        {
            var id = binding.EventIdField is { } idField ? MessageWriter.Text(idField.Accessor.GetValue(each)) : "";
            Write(body, id.Length == 0 || id.AsSpan().ContainsAny('\r', '\n', '\0') ? "" : $"id: {id}\n", Answers.Json(json => MessageWriter.Write(json, each)));
        }
    }

    private static void Write(IBufferWriter<byte> body, string fields, ReadOnlyMemory<byte> json)
    {
        Encoding.UTF8.GetBytes(fields, body);
        body.Write("data: "u8);
        var start = body.GetSpan(json.Length);
        json.Span.CopyTo(start);
        // Of JSON that came as text some lines may be broken, between its tokens only: a string has no line breaks.
        start[..json.Length].Replace((byte)'\n', (byte)' ');
        start[..json.Length].Replace((byte)'\r', (byte)' ');
        body.Advance(json.Length);
        body.Write("\n\n"u8);
    }

    private async Task FlushAsync(HttpContext http, Binding binding)
    {
        using var late = new CancellationTokenSource(WriteWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, drain.Calls, http.RequestAborted);
        try
        {
            await http.Response.BodyWriter.FlushAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            Log.ReaderCut(log, binding.Method.FullName, WriteWithin);
            http.Abort();
            throw;
        }
    }
}
