using Coordinator.Leases;
using Coordinator.Services;
using Coordinator.V1;
using Grpc.AspNetCore.Server;
using Grpc.Core;

namespace Coordinator.Sessions;

/// <summary>The worker stream: hello and resume, then frames until either side ends it.</summary>
internal sealed class SessionsService(SessionParts parts) : V1.Sessions.SessionsBase
{
    private const int MaxScripts = 16;
    private const int MaxResumedPerChunk = 1_000;

    public override async Task Connect(
        IAsyncStreamReader<ConnectRequest> requestStream, IServerStreamWriter<ConnectResponse> responseStream, ServerCallContext context)
    {
        if (parts.Registry.Draining)
        {
            throw StatusTable.Fail(StatusCode.Unavailable, "DRAINING", "This coordinator stops: connect to another one.");
        }

        var (hello, resumed) = await GreetAsync(requestStream, context).ConfigureAwait(false);
        var session = new WorkerSession(parts, context.GetCredential(), hello, context.GetHttpContext().Abort, context.CancellationToken);
        var stream = context.GetStream();
        await using var revoked = stream.Revoked.Register(() => session.End(stream.Reason!));
        await session.BeginAsync(resumed, context.CancellationToken).ConfigureAwait(false);
        var running = session.RunAsync(responseStream);
        var reason = "the worker closed it";
        try
        {
            while (await requestStream.MoveNext(session.Ended).ConfigureAwait(false))
            {
                session.OnFrame(requestStream.Current);
            }
        }
        catch (RpcException fault)
        {
            reason = fault.Status.Detail;
            session.End(fault);
        }
        catch (Exception gone) when (session.Ended.IsCancellationRequested || gone is IOException)
        {
            reason = session.EndedBy?.Status.Detail ?? "the connection was lost";
        }
        finally
        {
            await session.FinishAsync(running, reason).ConfigureAwait(false);
        }

        if (session.EndedBy is { } status)
        {
            throw status;
        }
    }

    private async Task<(Hello Hello, List<LeaseRef> Resumed)> GreetAsync(IAsyncStreamReader<ConnectRequest> input, ServerCallContext context)
    {
        using var late = new CancellationTokenSource(parts.Options.HelloWithin, parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, context.CancellationToken);
        try
        {
            if (!await input.MoveNext(either.Token).ConfigureAwait(false) || input.Current.Hello is not { } hello)
            {
                throw StatusTable.Fail(StatusCode.FailedPrecondition, "HELLO_MISSING", "The first frame of a stream must be hello.");
            }

            Check(hello, context);
            var resumed = new List<LeaseRef>();
            for (var chunk = hello.Resume; chunk is not null;)
            {
                Take(chunk, resumed);
                if (!chunk.More)
                {
                    break;
                }

                chunk = await input.MoveNext(either.Token).ConfigureAwait(false) ? input.Current.Resume : null;
                if (chunk is null)
                {
                    throw StatusTable.Fail(StatusCode.FailedPrecondition, "RESUME_INCOMPLETE", "Another chunk of resumed leases was announced.");
                }
            }

            return (hello, resumed);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            throw StatusTable.Fail(StatusCode.DeadlineExceeded, "HELLO_LATE", $"No hello within {parts.Options.HelloWithin.TotalSeconds} s.");
        }
    }

    private static void Check(Hello hello, ServerCallContext context)
    {
        var refusal = LeaseRules.Id(hello.WorkerId, "hello.worker_id") ?? LeaseRules.Labels(hello.Labels.ToDictionary())
            ?? (hello.Scripts.Count > MaxScripts ? Refusal.Invalid("hello.scripts", $"at most {MaxScripts}, not {hello.Scripts.Count}") : null)
            ?? hello.Scripts.Select(Script).FirstOrDefault(fault => fault is not null);
        if (refusal is not null)
        {
            throw StatusTable.ToException(refusal);
        }

        if (!context.GetCredential().MayBe(hello.WorkerId))
        {
            throw StatusTable.Fail(StatusCode.PermissionDenied, "WORKER_NOT_ALLOWED", $"This credential may not act as the worker {hello.WorkerId}.");
        }
    }

    // A script's name may be anything that is shown in one line.
    private static Refusal? Script(string name) =>
        name.Length is > 0 and <= LeaseBounds.MaxHolderLength && !name.Any(char.IsControl)
            ? null
            : Refusal.Invalid("hello.scripts", $"must be 1 to {LeaseBounds.MaxHolderLength} characters without control characters");

    private void Take(Resume chunk, List<LeaseRef> resumed)
    {
        if (chunk.Leases.Count > MaxResumedPerChunk || resumed.Count + chunk.Leases.Count > parts.Options.Leases)
        {
            throw StatusTable.ToException(Refusal.Invalid(
                "resume.leases", $"at most {MaxResumedPerChunk} a chunk and {parts.Options.Leases} in all"));
        }

        foreach (var lease in chunk.Leases)
        {
            if ((LeaseRules.Resource(lease.Resource, "resume.leases.resource") ?? LeaseRules.Token(lease.Token, "resume.leases.token")) is { } refusal)
            {
                throw StatusTable.ToException(refusal);
            }

            resumed.Add(lease);
        }
    }
}
