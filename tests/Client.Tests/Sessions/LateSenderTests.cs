using Client.Tests.Harness;
using Coordinator.Client;

namespace Client.Tests.Sessions;

/// <summary>A grant counts from before the send that it answers, whoever is held up on the way.</summary>
public sealed class LateSenderTests : SessionTest
{
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan HeldUp = TimeSpan.FromSeconds(2);
    private readonly HoldingTime _time = new();

    protected override TimeProvider Time => _time;

    [Fact] // L6
    public async Task Acquire_SenderHeldUpOverABreak_CountsFromTheSendThatIsAnswered()
    {
        var sending = Task.Factory.StartNew(
            () =>
            {
                _time.HoldThisThread();
                return Session.AcquireAsync("job", Ttl);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await _time.Held.WaitAsync(Bound);
        await BreakAsync();
        // The welcome of the new stream has sent it; only then, and later by its clock, comes the first sender.
        var acquire = (await Stream.NextAsync()).Acquire;
        _time.LetGo(HeldUp);
        var acquiring = await sending.WaitAsync(Bound);
        await GrantAsync(acquire.RequestId, 1);
        var lease = await acquiring.WaitAsync(Bound);
        Assert.InRange(lease.Remaining, TimeSpan.FromTicks(1), Ttl - HeldUp);
        await EndAsync(lease);
    }

    /// <summary>The system's clock, which holds up the next question of one thread and is put forward when it lets that go.</summary>
    private sealed class HoldingTime : TimeProvider
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Thread? _thread;
        private long _ahead;

        public Task Held => _held.Task;

        public void HoldThisThread() => _thread = Thread.CurrentThread;

        public void LetGo(TimeSpan later)
        {
            Volatile.Write(ref _ahead, (long)(later.TotalSeconds * TimestampFrequency));
            _letGo.SetResult();
        }

        public override long GetTimestamp()
        {
            if (Thread.CurrentThread == Volatile.Read(ref _thread))
            {
                _held.TrySetResult();
                _letGo.Task.Wait();
            }

            return base.GetTimestamp() + Volatile.Read(ref _ahead);
        }
    }
}
