using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Tails.Sockets;
using Coordinator.Gateway.Transcoding.Calls;
using Coordinator.V1;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using System.Globalization;

namespace Coordinator.Gateway.Tails;

/// <summary>
/// The URL of a tail: by WebSocket, or as Server-Sent Events. Whoever knows it may read it, so no credential is asked for. What is
/// wrong is answered before anything is upgraded: first the tail is attached to.
/// </summary>
internal sealed class TailEndpoint(GatewayOptions options, Coordinators coordinators, Caller caller, Drain drain, TimeProvider time, ILogger<TailEndpoint> log)
{
    private const int SendBufferBytes = 128 << 10;
    private const string EventStream = "text/event-stream";
    private const string ResumeHeader = "Last-Event-ID";
    private static readonly MethodDescriptor Attach = V1.Tails.Descriptor.FindMethodByName("Attach");
    private static readonly Envelope Envelope = Envelopes.Of(V1.Tails.Descriptor);

    private static readonly Failure Full = new(StatusCodes.Status503ServiceUnavailable, "TOO_MANY_READERS", "Too many tails are read here; try again.") { RetryAfter = 1 };
    private int _readers;

    public async Task AnswerAsync(HttpContext http, TailAddress address)
    {
        var readers = Interlocked.Increment(ref _readers);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, drain.Calls);
        try
        {
            await (readers > options.MaxTailReaders ? FailAsync(http, Full) : ReadAsync(http, address, ends.Token)).ConfigureAwait(false);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be answered.
        }
        catch (InputException fault)
        {
            await FailAsync(http, fault.Failure).ConfigureAwait(false);
        }
        catch (RpcException fault) when (!http.Response.HasStarted)
        {
            await FailAsync(http, fault.StatusCode == StatusCode.Cancelled ? RpcFailures.Away(Attach) : RpcFailures.Of(fault, Attach)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!http.Response.HasStarted && drain.Calls.IsCancellationRequested)
        {
            await FailAsync(http, RpcFailures.Away(Attach)).ConfigureAwait(false);
        }
        catch (Exception fault) when (!http.Response.HasStarted)
        {
            Log.RequestFailed(log, Attach.FullName, fault);
            await FailAsync(http, Failure.Internal).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _readers);
        }
    }

    private async Task ReadAsync(HttpContext http, TailAddress address, CancellationToken ends)
    {
        if (!HttpMethods.IsGet(http.Request.Method))
        {
            throw new InputException(Failure.WrongMethod([HttpMethods.Get]));
        }

        var wantsEvents = http.Request.Headers.Upgrade.Count == 0
            && http.Request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType.Equals(EventStream, StringComparison.OrdinalIgnoreCase) && accepted.Quality != 0);
        var handshake = wantsEvents ? null : Handshake.Of(http, protocolRequired: !address.IsLive);
        var after = wantsEvents ? AfterOf(http) : 0;
        var capability = address.Capability ?? throw new InputException(new(StatusCodes.Status404NotFound, Reasons.TailNotFound, "There is no such tail, or it is over."));
        using var feed = await TailFeed.AttachAsync(coordinators, capability, after, caller.MetadataOf(http), time, ends).ConfigureAwait(false);
        // What the system holds for a reader that is behind is neither sampled nor known of, and a pong has to wait behind it: left to itself it
        // grows to megabytes.
        if (http.Features.Get<IConnectionSocketFeature>() is { } connection)
        {
            connection.Socket.SendBufferSize = SendBufferBytes;
        }

        if (handshake is null)
        {
            await TailEvents.WriteAsync(feed, new(http, Attach.FullName, drain, time, log), drain, time).ConfigureAwait(false);
            return;
        }

        await TailSocket.RunAsync(http, handshake, feed, drain, time, log).ConfigureAwait(false);
    }

    private static long AfterOf(HttpContext http)
    {
        var text = http.Request.Headers[ResumeHeader].ToString();
        return text.Length == 0 ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var after) ? after
            : throw new InputException(new(StatusCodes.Status400BadRequest, Reasons.InvalidField, $"{ResumeHeader} is not the number of an event."));
    }

    private static Task FailAsync(HttpContext http, Failure failure)
    {
        http.Response.Clear();
        return Answers.WriteAsync(http, Envelope, failure with { Method = Attach }, null);
    }
}
