using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Client.Sessions;

/// <summary>
/// Writes the frames of one stream, one at a time: heartbeats first, the rest in order. A frame is written by the thread that brings it
/// where no other write is under way.
/// </summary>
internal sealed class FrameWriter(IClientStreamWriter<ConnectRequest> stream, Action<Exception> failed)
{
    private readonly Lock _gate = new();
    private readonly Queue<ConnectRequest> _heartbeats = new();
    private readonly Queue<ConnectRequest> _frames = new();
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

    private async Task PumpAsync()
    {
        try
        {
            while (true)
            {
                ConnectRequest? next;
                lock (_gate)
                {
                    if (!_heartbeats.TryDequeue(out next) && !_frames.TryDequeue(out next))
                    {
                        _writing = false;
                        return;
                    }
                }

                await stream.WriteAsync(next).ConfigureAwait(false);
            }
        }
        catch (Exception broken)
        {
            // The stream is over: whoever owns it opens another, and everything unanswered is sent again there.
            failed(broken);
        }
    }
}
