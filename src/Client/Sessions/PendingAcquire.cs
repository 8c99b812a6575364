using Coordinator.V1;

namespace Coordinator.Client.Sessions;

/// <summary>An acquire or adoption that waits for its answer; sent again under the same id over every break.</summary>
/// <param name="token">Of the lease to adopt; null to acquire.</param>
internal sealed class PendingAcquire(string resource, TimeSpan ttl, long? token = null)
{
    private SessionStream? _sentOn;
    private long _sentAt;

    /// <summary>Also the operation id: the same request again gets the first answer, and is renewed by it.</summary>
    public string RequestId { get; private set; } = Guid.NewGuid().ToString("N");

    public string Resource => resource;

    public bool Adopts => token is not null;

    public TaskCompletionSource<LeaseHandle> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>From before the send that is being answered.</summary>
    public TimeSpan SentAt => new(Volatile.Read(ref _sentAt));

    /// <summary>True where the request is to be sent on this stream now: once, until it is refused or the stream is another.</summary>
    /// <remarks>Were it sent twice, the answer to the first could be counted from the second.</remarks>
    public bool Send(SessionStream on, TimeSpan now)
    {
        lock (Granted)
        {
            if (_sentOn == on)
            {
                return false;
            }

            _sentOn = on;
            Volatile.Write(ref _sentAt, now.Ticks);
            return true;
        }
    }

    public ConnectRequest ToFrame() => token is { } adopted
        ? new() { Adopt = new() { RequestId = RequestId, Lease = new() { Resource = resource, Token = adopted } } }
        : new() { Acquire = new() { RequestId = RequestId, Resource = resource, TtlMs = (long)ttl.TotalMilliseconds } };

    /// <summary>The request was refused, and may be sent again.</summary>
    public void Refused()
    {
        lock (Granted)
        {
            _sentOn = null;
        }
    }

    public void Renew()
    {
        RequestId = Guid.NewGuid().ToString("N");
        Refused();
    }
}
