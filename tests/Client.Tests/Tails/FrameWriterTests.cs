using Client.Tests.Harness;
using Coordinator.Client;
using Coordinator.Client.Sessions;
using Coordinator.Client.Tails;
using Coordinator.Testing;
using Coordinator.V1;
using System.Collections.Concurrent;
using Frame = Coordinator.V1.ConnectRequest.FrameOneofCase;

namespace Client.Tests.Tails;

/// <summary>What goes first on a stream, and what a stream that does not move costs.</summary>
public sealed class FrameWriterTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly HeldWriter _stream = new();
    private readonly ConcurrentQueue<Exception> _failures = new();
    private readonly FrameWriter _writer;
    private readonly TraceQueue _queue;
    private readonly TracePublisher _publisher;

    public FrameWriterTests()
    {
        _writer = new(_stream, _failures.Enqueue);
        _queue = new("api", _time, _writer.Offer);
        _publisher = new("api", _time, _queue);
        _publisher.Demand(new() { Script = "api", Tails = 1, SamplingRate = 1 });
    }

    public void Dispose() => _queue.Dispose();

    [Fact]
    public async Task Offer_WhileOthersWait_ComesAfterThem()
    {
        Publish(1);
        Publish(1);
        _writer.Send(new() { EventBatch = new() });
        _writer.Send(new() { Heartbeat = new() });
        await _stream.LetThroughAsync();
        await _stream.LetThroughAsync();
        await _stream.LetThroughAsync();
        Assert.Equal([Frame.Traces, Frame.Heartbeat, Frame.EventBatch, Frame.Traces], _stream.Written.Select(frame => frame.FrameCase));
    }

    [Fact]
    public async Task Offer_TwoScripts_TakeTurns()
    {
        using var other = new TraceQueue("site", _time, _writer.Offer);
        var site = new TracePublisher("site", _time, other);
        site.Demand(new() { Script = "site", Tails = 1, SamplingRate = 1 });
        var large = new TraceEvent { Logs = [new(TraceLevel.Log, new string('x', 200_000))] };
        for (var i = 0; i < 3; i++)
        {
            Assert.True(_publisher.Publish(large) && site.Publish(large));
        }

        _writer.Send(new() { Heartbeat = new() });
        _time.Advance(TraceQueue.LongestWait);
        for (var i = 0; i < 6; i++)
        {
            await _stream.LetThroughAsync();
        }

        Assert.Equal(["api", "site", "api", "site", "api", "site"], _stream.Written.Skip(1).Select(frame => frame.Traces.Script));
    }

    [Fact]
    public async Task Publish_StreamThatDoesNotMove_WaitsForNothingAndKeepsTheNewest()
    {
        Publish(1);
        Publish(5_000);
        _writer.Send(new() { Heartbeat = new() });
        Assert.Single(_stream.Written);
        Assert.Equal(4_000, _publisher.Dropped);
        await _stream.LetThroughAsync();
        await _stream.LetThroughAsync();
        Assert.Equal([Frame.Traces, Frame.Heartbeat, Frame.Traces], _stream.Written.Select(frame => frame.FrameCase));
        Assert.Equal(1_000, _stream.Written[2].Traces.Events.Count);
    }

    [Fact]
    public async Task Write_StreamThatBreaks_CountsItsFrameAsDropped()
    {
        Publish(3);
        _stream.Break();
        await Eventually.TrueAsync(() => !_failures.IsEmpty, TimeSpan.FromSeconds(20), "the writer says that the stream broke");
        Assert.IsType<IOException>(Assert.Single(_failures));
        Assert.Equal(3, _publisher.Dropped);
    }

    private void Publish(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.True(_publisher.Publish(new TraceEvent()));
        }

        _time.Advance(TraceQueue.LongestWait);
    }
}
