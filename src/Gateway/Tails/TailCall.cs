using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Gateway.Tails;

/// <summary>One call to one coordinator that reads a tail, and was not refused.</summary>
internal sealed class TailCall : IDisposable
{
    private readonly AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse> _call;

    private TailCall(AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse> call) => _call = call;

    /// <summary>The last response that was read; the first already is.</summary>
    public TailsAttachResponse Current => _call.ResponseStream.Current;

    /// <summary>Throws an <see cref="RpcException"/> where it is refused, or nothing is answered within the time.</summary>
    /// <param name="ends">Ends the call, also later.</param>
    public static async Task<TailCall> OpenAsync(
        CallInvoker calls, TailsAttachRequest first, Metadata headers, TimeSpan within, TimeProvider time, CancellationToken ends)
    {
        var opened = new TailCall(new V1.Tails.TailsClient(calls).Attach(headers, cancellationToken: ends));
        try
        {
            var answered = opened.BeginAsync(first, ends);
            return await answered.WaitAsync(within, time, ends).ConfigureAwait(false)
                ? opened
                : throw new RpcException(new(StatusCode.Unavailable, "The coordinator ended the call at once."));
        }
        catch (TimeoutException fault)
        {
            opened.Dispose();
            throw new RpcException(new(StatusCode.Unavailable, "The coordinator does not answer.", fault));
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public Task<bool> MoveNextAsync(CancellationToken cancellation) => _call.ResponseStream.MoveNext(cancellation);

    /// <summary>Nothing happens where the call has ended: whoever reads it is told.</summary>
    public Task ReplaceFiltersAsync(ByteString filters) => WriteAsync(new() { Filters = filters });

    public void Dispose() => _call.Dispose();

    private async Task<bool> BeginAsync(TailsAttachRequest first, CancellationToken cancellation)
    {
        var next = _call.ResponseStream.MoveNext(cancellation);
        await WriteAsync(first).ConfigureAwait(false);
        return await next.ConfigureAwait(false);
    }

    private async Task WriteAsync(TailsAttachRequest request)
    {
        try
        {
            await _call.RequestStream.WriteAsync(request).ConfigureAwait(false);
        }
        catch (Exception ended) when (ended is RpcException or InvalidOperationException or OperationCanceledException)
        {
            // The call is over. The reading side has its status.
        }
    }
}
