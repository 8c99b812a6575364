using Coordinator.Client;
using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using System.Collections.Concurrent;
using Status = Google.Rpc.Status;

namespace Client.Tests.Harness;

/// <summary>A worker's session over a real stream, and a coordinator whose part the test plays.</summary>
public abstract class SessionTest : IAsyncLifetime
{
    protected static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    /// <summary>The session's clock.</summary>
    protected virtual TimeProvider Time => TimeProvider.System;

    private protected CoordinatorClient Client { get; private set; } = null!;

    private protected FakeSessions Coordinator { get; private set; } = null!;

    private protected WorkerSession Session { get; private set; } = null!;

    /// <summary>The stream that the session is on.</summary>
    private protected FakeSessions.Connection Stream { get; set; } = null!;

    private protected ConcurrentQueue<SessionNotice> Notices { get; } = new();

    public async Task InitializeAsync()
    {
        Coordinator = await FakeSessions.StartAsync();
        Coordinator.Welcoming = Welcoming;
        Client = Coordinator.Client(Time);
        Session = await Client.StartWorkerAsync(new() { WorkerId = "worker", OnNotice = Notices.Enqueue });
        Stream = await Coordinator.NextAsync();
    }

    public async Task DisposeAsync()
    {
        await Session.DisposeAsync();
        await Client.DisposeAsync();
        await Coordinator.DisposeAsync();
    }

    /// <summary>Makes another welcome of the usual one.</summary>
    private protected virtual void Welcoming(Welcome welcome)
    {
    }

    private protected async Task<LeaseHandle> AcquireAsync(long token, string resource = "job")
    {
        var acquiring = Session.AcquireAsync(resource);
        await GrantAsync((await Stream.NextAsync()).Acquire.RequestId, token, resource);
        return await acquiring.WaitAsync(Bound);
    }

    private protected async Task EndAsync(LeaseHandle lease)
    {
        var releasing = lease.ReleaseAsync();
        Assert.Equal(lease.Token, (await Stream.NextAsync()).Release.Token);
        await ReleasedAsync(lease.Token);
        await releasing.WaitAsync(Bound);
    }

    private protected async Task BreakAsync()
    {
        Stream.End();
        Stream = await Coordinator.NextAsync();
    }

    private protected Task GrantAsync(string requestId, long token, string resource = "job") =>
        Stream.SendAsync(new() { Granted = new() { RequestId = requestId, Lease = new() { Resource = resource, Token = token, TtlMs = 30_000 } } });

    private protected Task ReleasedAsync(long token, string requestId = "") =>
        Stream.SendAsync(new() { Released = new() { RequestId = requestId, Resource = "job", Token = token } });

    private protected Task RefuseAsync(string requestId, StatusCode code, string reason, params (string Name, string Value)[] more) =>
        Stream.SendAsync(new() { Refused = new() { RequestId = requestId, Status = Refusal(code, reason, more) } });

    private protected static Status Refusal(StatusCode code, string reason, params (string Name, string Value)[] more)
    {
        var info = new ErrorInfo { Reason = reason };
        Array.ForEach(more, one => info.Metadata.Add(one.Name, one.Value));
        return new() { Code = (int)code, Message = reason, Details = { Any.Pack(info) } };
    }
}
