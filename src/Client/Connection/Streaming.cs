using Grpc.Core;
using System.Runtime.CompilerServices;

namespace Coordinator.Client.Connection;

/// <summary>Server streams that go on over breaks of the connection.</summary>
internal static class Streaming
{
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(2);

    /// <summary>Opens the stream again wherever it broke, at the next address; the caller's request says from where.</summary>
    public static async IAsyncEnumerable<T> ResumeAsync<T>(
        Channels channels, Func<CallInvoker, AsyncServerStreamingCall<T>> open, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var backoff = new Backoff(LongestBackoff);
        while (true)
        {
            await Task.Delay(backoff.Next(), channels.Time, cancellation).ConfigureAwait(false);
            var at = channels.Preferred;
            using var call = open(channels[at]);
            while (true)
            {
                bool more;
                try
                {
                    more = await call.ResponseStream.MoveNext(cancellation).ConfigureAwait(false);
                }
                catch (RpcException broken) when (broken.StatusCode == StatusCode.Unavailable && !cancellation.IsCancellationRequested)
                {
                    more = false;
                }
                catch (RpcException cancelled) when (cancelled.StatusCode == StatusCode.Cancelled && cancellation.IsCancellationRequested)
                {
                    throw new OperationCanceledException(cancelled.Message, cancelled, cancellation);
                }
                catch (RpcException refused)
                {
                    throw CoordinatorException.From(refused);
                }

                if (!more)
                {
                    channels.MoveOn(at);
                    break;
                }

                backoff.Reset();
                yield return call.ResponseStream.Current;
            }
        }
    }
}
