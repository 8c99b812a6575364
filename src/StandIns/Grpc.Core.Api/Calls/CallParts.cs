namespace Grpc.Core;

/// <summary>
/// What every started call can be asked for. The functions take a state object so that a call costs no closures.
/// </summary>
internal readonly struct CallParts(
    Func<object, Task<Metadata>> headers,
    Func<object, Status> status,
    Func<object, Metadata> trailers,
    Action<object> dispose,
    object state)
{
    public Task<Metadata> Headers => headers(state);

    public Status Status => status(state);

    public Metadata Trailers => trailers(state);

    public void Dispose() => dispose(state);
}
