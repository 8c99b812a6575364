using Coordinator.Client.Connection;
using Coordinator.V1;

namespace Coordinator.Client.Sessions;

/// <summary>What comes from the coordinator after its welcome, brought to whom it is for.</summary>
internal sealed class Inbox(WorkerSession session, HeldLeases held, SessionRequests requests, EventAnswers events, Controls controls)
{
    public void Take(SessionStream stream, ConnectResponse frame)
    {
        switch (frame.FrameCase)
        {
            case ConnectResponse.FrameOneofCase.HeartbeatAck:
                OnAck(stream, frame.HeartbeatAck);
                break;
            case ConnectResponse.FrameOneofCase.EventAck:
                events.OnAck(frame.EventAck);
                break;
            case ConnectResponse.FrameOneofCase.Granted:
                requests.OnGranted(frame.Granted);
                session.Wake();
                break;
            case ConnectResponse.FrameOneofCase.Released:
                requests.OnReleased(frame.Released.RequestId, new(frame.Released.Resource, frame.Released.Token));
                break;
            case ConnectResponse.FrameOneofCase.Control:
                controls.On(stream, frame.Control);
                break;
            case ConnectResponse.FrameOneofCase.Refused:
                OnRefused(frame.Refused);
                break;
            default:
                // A newer coordinator may send what this library does not know.
                break;
        }
    }

    private void OnAck(SessionStream stream, HeartbeatAck ack)
    {
        held.Lose(ack.Refused);
        foreach (var lease in stream.Acknowledged(ack, session.Now, out var sentAt))
        {
            lease.Renewed(sentAt);
        }

        session.Wake();
    }

    private void OnRefused(Refused refused)
    {
        var failure = Failure.Of(refused.Status);
        if (refused.AboutCase == Refused.AboutOneofCase.Batch)
        {
            events.OnRefused(new(refused.Batch.Resource, refused.Batch.Token), failure);
        }
        else
        {
            requests.OnRefused(refused.RequestId, failure);
        }
    }
}
