using Coordinator.Client;
using Coordinator.Client.Tails;
using Coordinator.Testing;
using Coordinator.V1;

namespace Client.Tests.Tails;

/// <summary>When events are taken in, how many wait, and when they are offered.</summary>
public sealed class TracePublisherTests : IDisposable
{
    private static readonly TailDemand Everything = new() { Script = "api", Tails = 2, SamplingRate = 0.5 };
    private readonly ManualTime _time = new();
    private readonly List<ITraceSource> _offers = [];
    private readonly TraceQueue _queue;
    private readonly TracePublisher _publisher;

    public TracePublisherTests()
    {
        _queue = new("api", _time, _offers.Add);
        _publisher = new("api", _time, _queue);
    }

    public void Dispose() => _queue.Dispose();

    [Fact]
    public void Publish_NobodyTails_MakesNothing()
    {
        Assert.False(_publisher.IsTailed);
        Assert.False(_publisher.Publish(() => throw new InvalidOperationException("made")));
        Assert.False(_publisher.Publish(new TraceEvent()));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_offers);
        Assert.Equal(0, _publisher.Dropped);
    }

    [Fact]
    public void Demand_StartedAndStopped_IsWhatIsTold()
    {
        _publisher.Demand(Everything);
        Assert.Equal((true, 2, 0.5), (_publisher.IsTailed, _publisher.Tails, _publisher.SamplingRate));
        Assert.True(_publisher.Publish(() => new()));
        _publisher.Demand(null);
        Assert.Equal((false, 0, 0), (_publisher.IsTailed, _publisher.Tails, _publisher.SamplingRate));
        Assert.Equal(1, _publisher.Dropped);
        _publisher.Demand(Everything);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_offers);
    }

    [Fact]
    public void Publish_FewEvents_ShareAFrameAfterTheWait()
    {
        _publisher.Demand(Everything);
        PublishMany(1);
        _time.Advance(TimeSpan.FromMilliseconds(30));
        PublishMany(2);
        _time.Advance(TimeSpan.FromMilliseconds(19));
        Assert.Empty(_offers);
        Assert.Null(_queue.Take());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Single(_offers);
        var frame = _queue.Take()!.Traces;
        Assert.Equal(("api", 3), (frame.Script, frame.Events.Count));
        Assert.Null(_queue.Take());

        // The next one waits anew, though the stream asks again.
        PublishMany(1);
        Assert.Null(_queue.Take());
        _time.Advance(TraceQueue.LongestWait);
        Assert.Equal(2, _offers.Count);
        Assert.Single(_queue.Take()!.Traces.Events);
    }

    [Fact]
    public void Publish_AFrameFull_IsOfferedAtOnce()
    {
        _publisher.Demand(Everything);
        PublishMany(TraceQueue.MostWaiting - 1);
        _time.Advance(TimeSpan.Zero);
        Assert.Empty(_offers);
        PublishMany(1);
        _time.Advance(TimeSpan.Zero);
        Assert.Single(_offers);
        Assert.Equal(TraceQueue.MostWaiting, _queue.Take()!.Traces.Events.Count);
    }

    [Fact]
    public void Publish_MoreThanMayWait_DropsTheOldestAndCountsThem()
    {
        _publisher.Demand(Everything);
        PublishMany(TraceQueue.MostWaiting + 5);
        _time.Advance(TraceQueue.LongestWait);
        Assert.Equal(5, _publisher.Dropped);
        var frame = _queue.Take()!.Traces;
        Assert.Equal(TraceQueue.MostWaiting, frame.Events.Count);
        Assert.Contains("\"5\"", frame.Events[0].ToStringUtf8(), StringComparison.Ordinal);
        Assert.Contains($"\"{TraceQueue.MostWaiting + 4}\"", frame.Events[^1].ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public void Publish_LargeEvents_StayWithinTheBytesThatMayWaitAndTheBytesOfAFrame()
    {
        _publisher.Demand(Everything);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(_publisher.Publish(new TraceEvent { Logs = [new(TraceLevel.Log, new string('x', 100_000))] }));
        }

        _time.Advance(TraceQueue.LongestWait);
        var frames = Drain();
        Assert.All(frames, frame => Assert.InRange(frame.Events.Sum(message => message.Length), 1, TraceQueue.FrameBytes));
        Assert.InRange(frames.Sum(frame => frame.Events.Sum(message => message.Length)), TraceQueue.MostWaitingBytes - 101_000, TraceQueue.MostWaitingBytes);
        Assert.Equal(20, _publisher.Dropped + frames.Sum(frame => frame.Events.Count));
    }

    [Fact]
    public void Publish_AnEventTooLarge_IsDroppedAloneAndALargeOneHasAFrameOfItsOwn()
    {
        _publisher.Demand(Everything);
        PublishMany(1);
        Assert.True(_publisher.Publish(new TraceEvent { Logs = [new(TraceLevel.Log, new string('x', TraceQueue.MostWaitingBytes))] }));
        Assert.True(_publisher.Publish(new TraceEvent { Logs = [new(TraceLevel.Log, new string('x', TraceQueue.FrameBytes * 2))] }));
        PublishMany(1);
        _time.Advance(TraceQueue.LongestWait);
        Assert.Equal([1, 1, 1], Drain().Select(frame => frame.Events.Count));
        Assert.Equal(1, _publisher.Dropped);
    }

    [Fact]
    public void Publish_FromManyThreads_LosesAndRepeatsNothing()
    {
        _publisher.Demand(Everything);
        Parallel.For(0, 900, i => _publisher.Publish(new TraceEvent { ScriptVersion = $"{i}" }));
        _time.Advance(TraceQueue.LongestWait);
        var seen = Drain().SelectMany(frame => frame.Events).Select(message => message.ToStringUtf8()).ToArray();
        Assert.Equal((900, 900), (seen.Length, seen.Distinct().Count()));
    }

    private List<Traces> Drain()
    {
        var frames = new List<Traces>();
        while (_queue.Take() is { } frame)
        {
            frames.Add(frame.Traces);
        }

        return frames;
    }

    private void PublishMany(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.True(_publisher.Publish(new TraceEvent { ScriptVersion = $"{i}" }));
        }
    }
}
