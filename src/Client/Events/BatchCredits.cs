using Coordinator.V1;

namespace Coordinator.Client;

/// <summary>
/// One credit for each event batch of a session that is not acknowledged, as many as its coordinator allows. Who finds none waits, first come,
/// first served.
/// </summary>
internal sealed class BatchCredits
{
    private const int Default = 64;
    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private int _most = Default;
    private int _taken;

    public Task TakeAsync()
    {
        lock (_gate)
        {
            if (_taken < _most)
            {
                _taken++;
                return Task.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
            return turn.Task;
        }
    }

    public void Return()
    {
        lock (_gate)
        {
            _taken--;
            Serve();
        }
    }

    /// <summary>
    /// As a welcome says; the default where it does not. Where fewer are allowed than are taken, those stay taken, and no more are given until
    /// enough of them have come back.
    /// </summary>
    public void Allow(Limits? limits)
    {
        lock (_gate)
        {
            _most = limits is { UnackedBatches: > 0 } ? limits.UnackedBatches : Default;
            Serve();
        }
    }

    private void Serve()
    {
        while (_taken < _most && _waiting.TryDequeue(out var next))
        {
            _taken++;
            next.SetResult();
        }
    }
}
