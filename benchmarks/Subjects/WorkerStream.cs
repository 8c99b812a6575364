using Benchmarks.Load;
using Coordinator.V1;
using Grpc.Core;
using Grpc.Net.Client;
using System.Collections.Concurrent;
using System.Globalization;

namespace Benchmarks.Subjects;

/// <summary>A worker's stream, spoken frame by frame: a beat is a heartbeat of all its leases. Also the echo's.</summary>
internal sealed class WorkerStream : IBeats
{
    private const int AcquiresInFlight = 128;
    private const long Ttl = 3_600_000;

    private readonly AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> _call;
    private readonly ConnectRequest _beat = new() { Heartbeat = new() { All = true } };
    private readonly ConcurrentQueue<string> _told = new();
    private long _asked;
    private long _acked;

    private WorkerStream(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call) => _call = call;

    public IReadOnlyList<LeaseRef> Leases { get; private set; } = [];

    public int Operations => Leases.Count;

    /// <summary>Says hello and acquires leases named <c>worker/0</c> and on, or has one again that it had before.</summary>
    public static async Task<WorkerStream> OpenAsync(GrpcChannel channel, string worker, int leases, LeaseRef? resumed = null, string? script = null)
    {
        var stream = new WorkerStream(new Sessions.SessionsClient(channel).Connect(Channels.Headers));
        var hello = new Hello { WorkerId = worker };
        if (resumed is not null)
        {
            hello.Resume = new() { Leases = { resumed } };
        }

        if (script is not null)
        {
            hello.Scripts.Add(script);
        }

        await stream.SendAsync(new() { Hello = hello }).ConfigureAwait(false);
        var welcome = (await stream.NextAsync(ConnectResponse.FrameOneofCase.Welcome).ConfigureAwait(false)).Welcome;
        if (welcome.Lost.Count > 0)
        {
            throw new InvalidOperationException($"{worker} lost {welcome.Lost[0].Resource}: {welcome.Lost[0].Reason}.");
        }

        stream.Leases = resumed is null ? await stream.AcquireAsync(worker, leases).ConfigureAwait(false) : [resumed];
        return stream;
    }

    /// <summary>A number of streams, each a worker of its own.</summary>
    public static async Task<IReadOnlyList<WorkerStream>> OpenAsync(Channels channels, string prefix, int streams, int leases) =>
        await Task.WhenAll(Enumerable.Range(0, streams).Select(i => OpenAsync(channels.Next(), $"{prefix}-{i}", leases))).ConfigureAwait(false);

    public Task SendAsync(ConnectRequest frame) => _call.RequestStream.WriteAsync(frame);

    /// <summary>The next frame of a kind; only control may come between, and is acknowledged with the next heartbeat.</summary>
    public async Task<ConnectResponse> NextAsync(ConnectResponse.FrameOneofCase kind)
    {
        while (await _call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
        {
            var frame = _call.ResponseStream.Current;
            if (frame.FrameCase == kind)
            {
                return frame;
            }

            if (frame.FrameCase != ConnectResponse.FrameOneofCase.Control)
            {
                throw new InvalidOperationException($"Not {kind}, but {frame}");
            }

            _told.Enqueue(frame.Control.Id);
        }

        throw new InvalidOperationException($"The stream ended before {kind}.");
    }

    public Task AskAsync() => BeatAsync(_beat);

    public Task AnswerAsync() => AcknowledgedAsync(Operations);

    /// <summary>Sends a heartbeat, whatever it names.</summary>
    public Task BeatAsync(ConnectRequest beat)
    {
        beat.Heartbeat.Sequence = ++_asked;
        return _told.IsEmpty ? SendAsync(beat) : AcknowledgeAndSendAsync(beat);
    }

    /// <summary>Takes the ack of the oldest heartbeat that has none; throws where it did not renew so many leases.</summary>
    public async Task AcknowledgedAsync(int leases)
    {
        var ack = (await NextAsync(ConnectResponse.FrameOneofCase.HeartbeatAck).ConfigureAwait(false)).HeartbeatAck;
        if (ack.Sequence != ++_acked || ack.Renewed != leases)
        {
            throw new InvalidOperationException($"Not {leases} leases of heartbeat {_acked}, but {ack}");
        }
    }

    public ValueTask DisposeAsync()
    {
        _call.Dispose();
        return ValueTask.CompletedTask;
    }

    // What is not acknowledged is told again with each ack.
    private async Task AcknowledgeAndSendAsync(ConnectRequest beat)
    {
        while (_told.TryDequeue(out var control))
        {
            await SendAsync(new() { ControlAck = new() { Id = control } }).ConfigureAwait(false);
        }

        await SendAsync(beat).ConfigureAwait(false);
    }

    private async Task<LeaseRef[]> AcquireAsync(string worker, int count)
    {
        var granted = new LeaseRef[count];
        for (var (asked, answered) = (0, 0); answered < count; answered++)
        {
            for (; asked < count && asked - answered < AcquiresInFlight; asked++)
            {
                var id = asked.ToString(CultureInfo.InvariantCulture);
                await SendAsync(new() { Acquire = new() { RequestId = id, Resource = $"{worker}/{id}", TtlMs = Ttl } }).ConfigureAwait(false);
            }

            var grant = (await NextAsync(ConnectResponse.FrameOneofCase.Granted).ConfigureAwait(false)).Granted;
            granted[int.Parse(grant.RequestId, CultureInfo.InvariantCulture)] = new() { Resource = grant.Lease.Resource, Token = grant.Lease.Token };
        }

        return granted;
    }
}
