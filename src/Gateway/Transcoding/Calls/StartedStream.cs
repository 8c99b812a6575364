using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>A stream of the coordinator's that was not refused.</summary>
internal sealed class StartedStream : IDisposable
{
    private static readonly TimeSpan RefusedWithin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan BegunWithin = TimeSpan.FromSeconds(2);
    private readonly AsyncServerStreamingCall<IMessage> _call;

    private StartedStream(AsyncServerStreamingCall<IMessage> call, CancellationToken cancellation) =>
        (_call, Next) = (call, call.ResponseStream.MoveNext(cancellation));

    /// <summary>Whether there is another message, once there is or the stream has ended.</summary>
    public Task<bool> Next { get; private set; }

    public IMessage Current => _call.ResponseStream.Current;

    public Metadata? Headers { get; private set; }

    /// <summary>
    /// Waits until the stream surely began: its first message is here, or its header and no refusal right behind it. A coordinator
    /// that says nothing at all for two seconds is taken to wait for events.
    /// </summary>
    public static async Task<StartedStream> StartAsync(AsyncServerStreamingCall<IMessage> call, TimeProvider time, CancellationToken cancellation)
    {
        var stream = new StartedStream(call, cancellation);
        try
        {
            await Task.WhenAny(stream.Next, call.ResponseHeadersAsync, Task.Delay(BegunWithin, time, cancellation)).ConfigureAwait(false);
            await Task.WhenAny(stream.Next, Task.Delay(RefusedWithin, time, cancellation)).ConfigureAwait(false);
            if (stream.Next.IsCompleted)
            {
                await stream.Next.ConfigureAwait(false);
            }

            stream.Headers = call.ResponseHeadersAsync.IsCompletedSuccessfully ? await call.ResponseHeadersAsync.ConfigureAwait(false) : null;
            return stream;
        }
        catch
        {
            call.Dispose();
            throw;
        }
    }

    public void MoveNext(CancellationToken cancellation) => Next = _call.ResponseStream.MoveNext(cancellation);

    public void Dispose() => _call.Dispose();
}
