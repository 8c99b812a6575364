using Coordinator.Client.Tails;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Client.Sessions;

/// <summary>
/// Writes the frames of one stream, one at a time: heartbeats first, the rest in order, and traces only when nothing else waits. A frame is
/// written by the thread that brings it where no other write is under way.
/// </summary>
internal sealed class FrameWriter(IClientStreamWriter<ConnectRequest> stream, Action<Exception> failed)
{
    private readonly Lock _gate = new();
    private readonly Queue<ConnectRequest> _heartbeats = new();
    private readonly Queue<ConnectRequest> _frames = new();
    private readonly Queue<ITraceSource> _sources = new();
    private bool _writing;

    public void Send(ConnectRequest frame)
    {
        lock (_gate)
        {
            (frame.FrameCase == ConnectRequest.FrameOneofCase.Heartbeat ? _heartbeats : _frames).Enqueue(frame);
            if (_writing)
            {
                return;
            }

            _writing = true;
        }

        _ = PumpAsync();
    }

    /// <summary>The source has frames to take, when there is time for them.</summary>
    public void Offer(ITraceSource source)
    {
        lock (_gate)
        {
            if (!_sources.Contains(source))
            {
                _sources.Enqueue(source);
            }

            if (_writing)
            {
                return;
            }

            _writing = true;
        }

        _ = PumpAsync();
    }

    private async Task PumpAsync()
    {
        ITraceSource? source = null;
        ConnectRequest? next = null;
        try
        {
            while (true)
            {
                lock (_gate)
                {
                    source = null;
                    if (!_heartbeats.TryDequeue(out next) && !_frames.TryDequeue(out next) && !TakeTraces(out source, out next))
                    {
                        _writing = false;
                        return;
                    }
                }

                await stream.WriteAsync(next!).ConfigureAwait(false);
            }
        }
        catch (Exception broken)
        {
            // The stream is over: whoever owns it opens another, and everything unanswered is sent again there; traces are not.
            source?.Lost(next!.Traces);
            failed(broken);
        }
    }

    // One frame of each source in turn.
    private bool TakeTraces(out ITraceSource? source, out ConnectRequest? frame)
    {
        while (_sources.TryDequeue(out source))
        {
            frame = source.Take();
            if (frame is not null)
            {
                _sources.Enqueue(source);
                return true;
            }
        }

        frame = null;
        return false;
    }
}
