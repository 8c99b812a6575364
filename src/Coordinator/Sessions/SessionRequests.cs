using Coordinator.Leases;
using Coordinator.Services;
using Coordinator.V1;

namespace Coordinator.Sessions;

/// <summary>What a worker asks for on its stream, each answered once: granted, released or refused.</summary>
internal sealed class SessionRequests(
    WorkerSession session, SessionParts parts, IReadOnlyDictionary<string, string> labels, HeldLeases leases, Outbox outbox, Controls controls)
{
    private int _unanswered;

    public void Take(Acquire acquire) => Answer(acquire.RequestId, () => AcquireAsync(acquire));

    public void Take(Adopt adopt) => Answer(adopt.RequestId, () => AdoptAsync(adopt));

    public void Take(Release release) => Answer(release.RequestId, () => ReleaseAsync(release));

    public void Refuse(string requestId, Google.Rpc.Status status) => outbox.Send(new() { Refused = new() { RequestId = requestId, Status = status } });

    private void Answer(string requestId, Func<Task<Google.Rpc.Status?>> request)
    {
        if (LeaseRules.Id(requestId, "request_id") is { } refusal)
        {
            Refuse(requestId, StatusTable.ToStatus(refusal));
        }
        else if (Interlocked.Increment(ref _unanswered) > parts.Options.UnansweredRequests)
        {
            Interlocked.Decrement(ref _unanswered);
            Refuse(requestId, StatusTable.ToStatus(new Refusal(
                RefusalKind.LimitExceeded, $"{parts.Options.UnansweredRequests} requests wait for their answer already")));
        }
        else
        {
            session.Track(AnswerAsync(requestId, request));
        }
    }

    private async Task AnswerAsync(string requestId, Func<Task<Google.Rpc.Status?>> request)
    {
        try
        {
            if (await request().ConfigureAwait(false) is { } refused)
            {
                Refuse(requestId, refused);
            }
        }
        catch (StoreException away)
        {
            Refuse(requestId, StatusTable.ToStatus(away));
        }
        finally
        {
            Interlocked.Decrement(ref _unanswered);
        }
    }

    private Google.Rpc.Status? RefuseMore() =>
        leases.Count >= parts.Options.Leases
            ? StatusTable.ToStatus(new Refusal(RefusalKind.LimitExceeded, $"A stream holds at most {parts.Options.Leases} leases"))
            : null;

    private async Task<Google.Rpc.Status?> AdoptAsync(Adopt adopt)
    {
        if (RefuseMore() is { } full)
        {
            return full;
        }

        var (resource, token) = (adopt.Lease?.Resource ?? "", adopt.Lease?.Token ?? 0);
        var outcome = await parts.Lessor.AdoptAsync(session.Tenant, resource, token, session.WorkerId, session.Connection, CancellationToken.None).ConfigureAwait(false);
        if (!outcome.Try(out var adopted, out var refusal))
        {
            return StatusTable.ToStatus(refusal);
        }

        leases.Add(new(adopted.Lease.Resource, token, adopted.Lease.Ttl));
        outbox.Send(new() { Granted = new() { RequestId = adopt.RequestId, Lease = adopted.Lease.ToWire() } });
        if (adopted.Control is { } control)
        {
            controls.Send(control, resource, token);
        }

        return null;
    }

    private async Task<Google.Rpc.Status?> AcquireAsync(Acquire acquire)
    {
        if (RefuseMore() is { } full)
        {
            return full;
        }

        var ttl = acquire.HasTtlMs ? Wire.FromMilliseconds(acquire.TtlMs) : parts.Options.DefaultTtl;
        var outcome = await parts.Lessor.AcquireAsync(
            session.Tenant, acquire.Resource, session.WorkerId, ttl, acquire.RequestId, session.Connection, labels, CancellationToken.None).ConfigureAwait(false);
        if (!outcome.Try(out var lease, out var refusal))
        {
            return StatusTable.ToStatus(refusal);
        }

        // Held before it is told: the first heartbeat that the worker sends with it must renew it.
        leases.Add(new(lease.Resource, lease.Token, lease.Ttl));
        outbox.Send(new() { Granted = new() { RequestId = acquire.RequestId, Lease = lease.ToWire() } });
        return null;
    }

    private async Task<Google.Rpc.Status?> ReleaseAsync(Release release)
    {
        var held = leases.Find(release.Resource, release.Token);
        if (held is not null)
        {
            held.Releasing = true;
        }

        try
        {
            var outcome = await parts.Lessor.ReleaseAsync(session.Tenant, release.Resource, release.Token, "", CancellationToken.None).ConfigureAwait(false);
            leases.Remove(release.Resource, release.Token);
            if (!outcome.Try(out _, out var refusal))
            {
                return StatusTable.ToStatus(refusal);
            }
        }
        catch (StoreException)
        {
            if (held is not null)
            {
                held.Releasing = false;
            }

            throw;
        }

        outbox.Send(new() { Released = new() { RequestId = release.RequestId, Resource = release.Resource, Token = release.Token } });
        return null;
    }
}
