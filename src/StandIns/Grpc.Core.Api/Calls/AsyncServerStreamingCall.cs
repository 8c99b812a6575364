namespace Grpc.Core;

/// <summary>The client's side of a call with one request and a stream of responses. Disposing it cancels what has not ended.</summary>
public sealed class AsyncServerStreamingCall<TResponse>(
    IAsyncStreamReader<TResponse> responseStream,
    Func<object, Task<Metadata>> responseHeadersAsync,
    Func<object, Status> getStatusFunc,
    Func<object, Metadata> getTrailersFunc,
    Action<object> disposeAction,
    object state) : IDisposable
{
    private readonly CallParts _parts = new(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction, state);

    public IAsyncStreamReader<TResponse> ResponseStream { get; } = responseStream;

    public Task<Metadata> ResponseHeadersAsync => _parts.Headers;

    public Status GetStatus() => _parts.Status;

    public Metadata GetTrailers() => _parts.Trailers;

    public void Dispose() => _parts.Dispose();
}
