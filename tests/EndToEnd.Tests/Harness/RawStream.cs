using Coordinator.V1;
using Grpc.Core;

namespace EndToEnd.Tests.Harness;

/// <summary>A worker stream spoken by hand, frame by frame.</summary>
internal sealed class RawStream : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private readonly AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> _call;

    public RawStream(CoordinatorProcess coordinator) =>
        _call = new Sessions.SessionsClient(coordinator.Channel).Connect(CoordinatorProcess.Headers);

    public static async Task<RawStream> HelloAsync(CoordinatorProcess coordinator, string worker = "raw", params LeaseRef[] resume)
    {
        var stream = new RawStream(coordinator);
        var hello = new Hello { WorkerId = worker };
        if (resume.Length > 0)
        {
            hello.Resume = new() { Leases = { resume } };
        }

        await stream.SendAsync(new() { Hello = hello });
        stream.Welcome = (await stream.NextAsync()).Welcome;
        return stream;
    }

    public Welcome Welcome { get; private set; } = new();

    public Task SendAsync(ConnectRequest frame) => _call.RequestStream.WriteAsync(frame);

    public Task CompleteAsync() => _call.RequestStream.CompleteAsync();

    public async Task<ConnectResponse> NextAsync()
    {
        using var late = new CancellationTokenSource(Bound);
        Assert.True(await _call.ResponseStream.MoveNext(late.Token), "The stream ended.");
        return _call.ResponseStream.Current;
    }

    /// <summary>The next frame of a kind; others are passed over.</summary>
    public async Task<ConnectResponse> NextAsync(ConnectResponse.FrameOneofCase kind)
    {
        while (true)
        {
            if (await NextAsync() is var frame && frame.FrameCase == kind)
            {
                return frame;
            }
        }
    }

    /// <summary>The status that the stream ends with.</summary>
    public async Task<StatusCode> EndAsync()
    {
        try
        {
            using var late = new CancellationTokenSource(Bound);
            while (await _call.ResponseStream.MoveNext(late.Token))
            {
            }

            return _call.GetStatus().StatusCode;
        }
        catch (RpcException ended)
        {
            return ended.StatusCode;
        }
    }

    public async Task<Lease> AcquireAsync(string resource, long ttlMs = 30_000)
    {
        await SendAsync(new() { Acquire = new() { RequestId = Guid.NewGuid().ToString("N"), Resource = resource, TtlMs = ttlMs } });
        return (await NextAsync(ConnectResponse.FrameOneofCase.Granted)).Granted.Lease;
    }

    public void Dispose() => _call.Dispose();
}
