using Coordinator.V1;

namespace Coordinator.Client.Sessions;

/// <summary>An acquire or adoption that waits for its answer; sent again under the same id over every break.</summary>
/// <param name="token">Of the lease to adopt; null to acquire.</param>
internal sealed class PendingAcquire(string resource, TimeSpan ttl, long? token = null)
{
    private readonly Lock _gate = new();
    private SessionStream? _sentOn;
    private TimeSpan _sentAt;

    /// <summary>Also the operation id: the same request again gets the first answer, and is renewed by it.</summary>
    public string RequestId { get; private set; } = Guid.NewGuid().ToString("N");

    public bool Adopts => token is not null;

    public TaskCompletionSource<LeaseHandle> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>From before the send that is being answered.</summary>
    public TimeSpan SentAt
    {
        get
        {
            lock (_gate)
            {
                return _sentAt;
            }
        }
    }

    /// <summary>Sends the request on the session's stream: once, until it is refused or the stream is another.</summary>
    /// <remarks>Were it sent twice, the answer to the first could be counted from the second.</remarks>
    public void Send(WorkerSession session)
    {
        // The time first, then the stream: whoever is held up in between counts from too early, which costs a little of the lease, and never
        // from too late; and it meets the stream that there is by then, not one that is gone and would be taken for the one that answers.
        var now = session.Now;
        SessionStream? stream;
        ConnectRequest frame;
        lock (_gate)
        {
            stream = session.Stream;
            if (stream is null || stream == _sentOn)
            {
                return;
            }

            (_sentOn, _sentAt) = (stream, now);
            frame = ToFrame();
        }

        stream.Send(frame);
    }

    /// <summary>The request was refused, and may be sent again.</summary>
    public void Refused()
    {
        lock (_gate)
        {
            _sentOn = null;
        }
    }

    /// <summary>Makes another request of it, which gets an answer of its own.</summary>
    public void Renew()
    {
        lock (_gate)
        {
            RequestId = Guid.NewGuid().ToString("N");
            _sentOn = null;
        }
    }

    private ConnectRequest ToFrame() => token is { } adopted
        ? new() { Adopt = new() { RequestId = RequestId, Lease = new() { Resource = resource, Token = adopted } } }
        : new() { Acquire = new() { RequestId = RequestId, Resource = resource, TtlMs = (long)ttl.TotalMilliseconds } };
}
