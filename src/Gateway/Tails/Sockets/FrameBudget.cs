namespace Coordinator.Gateway.Tails.Sockets;

/// <summary>How many frames a client may send: 100 at once, and 20 a second for ever. Not for several threads.</summary>
internal sealed class FrameBudget(TimeProvider time)
{
    private const double Most = 100;
    private const double PerSecond = 20;
    private double _left = Most;
    private long _at = time.GetTimestamp();

    /// <summary>Whether another frame is within it.</summary>
    public bool TryTake()
    {
        var now = time.GetTimestamp();
        _left = Math.Min(Most, _left + (time.GetElapsedTime(_at, now).TotalSeconds * PerSecond));
        _at = now;
        if (_left < 1)
        {
            return false;
        }

        _left--;
        return true;
    }
}
