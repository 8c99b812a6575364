using Coordinator.V1;
using Grpc.Core;
using System.Threading.Channels;

namespace Coordinator.Sessions;

/// <summary>
/// What waits to be written to one worker: written in order, one at a time, bounded. A peer that does not read is cut.
/// </summary>
/// <remarks>
/// Acks and control share this one lane, and what relies on their order holds by it: a lease that leaves the session's set is
/// told lost before the ack of any later heartbeat. Whoever sends a frame mostly writes it as well: a write never blocks, and a
/// hand-over to another thread costs more than the write.
/// </remarks>
internal sealed class Outbox(SessionOptions options, TimeProvider time, Action<string> overflowed)
{
    private readonly Channel<ConnectResponse> _frames =
        Channel.CreateBounded<ConnectResponse>(new BoundedChannelOptions(options.WaitingFrames) { SingleReader = true, AllowSynchronousContinuations = true });

    /// <summary>Puts a frame in line; after the end it is dropped.</summary>
    public void Send(ConnectResponse frame)
    {
        if (!_frames.Writer.TryWrite(frame) && !_frames.Reader.Completion.IsCompleted && _frames.Reader.Count >= options.WaitingFrames)
        {
            overflowed($"The peer does not read: {options.WaitingFrames} frames wait for it.");
        }
    }

    /// <summary>Nothing more will be sent; <see cref="RunAsync"/> ends when all of it is written.</summary>
    public void Complete() => _frames.Writer.TryComplete();

    /// <summary>Writes until completed, or until the peer has not taken a frame in time.</summary>
    public async Task RunAsync(IServerStreamWriter<ConnectResponse> stream, CancellationToken cancellation)
    {
        try
        {
            await foreach (var frame in _frames.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                // Mostly there is room at once; only a write that waits is worth a timer and a registration.
                var written = stream.WriteAsync(frame, CancellationToken.None);
                await (written.IsCompleted ? written : written.WaitAsync(options.WriteWithin, time, cancellation)).ConfigureAwait(false);
            }
        }
        catch (TimeoutException)
        {
            overflowed($"The peer does not read: a frame waited {options.WriteWithin.TotalSeconds} s.");
        }
        catch (Exception gone) when (gone is OperationCanceledException or InvalidOperationException or IOException)
        {
            // The stream is over; its reader says why.
        }
        finally
        {
            _frames.Writer.TryComplete();
        }
    }
}
