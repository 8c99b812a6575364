using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Gateway.Tests.Harness;

/// <summary>A tail at a fake coordinator: whoever attaches is sent what a test says, in order.</summary>
internal sealed class FakeTail
{
    private readonly Channel<TailsAttachResponse?> _sent = Channel.CreateUnbounded<TailsAttachResponse?>();
    private int _ended;

    public FakeTail(FakeCoordinator coordinator) => coordinator.OnDuplex("Attach", AnswerAsync);

    /// <summary>Everything that readers said, in order.</summary>
    public ConcurrentQueue<TailsAttachRequest> Requests { get; } = new();

    public ConcurrentQueue<Metadata> Headers { get; } = new();

    /// <summary>Calls that are over.</summary>
    public int Ended => Volatile.Read(ref _ended);

    /// <summary>What is said and not sent yet.</summary>
    public int Waiting => _sent.Reader.Count;

    public void Send(long first, params string[] frames) =>
        _sent.Writer.TryWrite(new() { First = first, Frames = { frames.Select(ByteString.CopyFromUtf8) } });

    public void Close(int code, string reason) => _sent.Writer.TryWrite(new() { Closing = new() { Code = code, Reason = reason } });

    /// <summary>The call fails, as when its coordinator is killed.</summary>
    public void Break() => _sent.Writer.TryWrite(null);

    private async Task AnswerAsync(IAsyncStreamReader<IMessage> reader, IServerStreamWriter<IMessage> writer, ServerCallContext context)
    {
        Headers.Enqueue(context.RequestHeaders);
        await reader.MoveNext(context.CancellationToken);
        Requests.Enqueue((TailsAttachRequest)reader.Current);
        await writer.WriteAsync(new TailsAttachResponse());
        var reads = ReadAsync(reader, context.CancellationToken);
        try
        {
            await foreach (var response in _sent.Reader.ReadAllAsync(context.CancellationToken))
            {
                await writer.WriteAsync(response ?? throw new RpcException(new(StatusCode.Unavailable, "broken")), context.CancellationToken);
                if (response.Closing is not null)
                {
                    return;
                }
            }
        }
        finally
        {
            Interlocked.Increment(ref _ended);
        }

        await reads;
    }

    private async Task ReadAsync(IAsyncStreamReader<IMessage> reader, CancellationToken cancellation)
    {
        while (await reader.MoveNext(cancellation))
        {
            Requests.Enqueue((TailsAttachRequest)reader.Current);
        }
    }
}
