using Coordinator.Tails;
using Coordinator.Testing;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Coordinator.Tests.Tails;

/// <summary>What a reader gets that keeps up, and one that does not.</summary>
public sealed class TailBufferTests : IDisposable
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);
    private readonly ManualTime _time = new();
    private readonly Queue<double> _draws = new();
    private TailBuffer _buffer;

    public TailBufferTests() => _buffer = Make(new() { MostFrames = 10 });

    public void Dispose() => _buffer.Dispose();

    [Fact]
    public async Task ReadAsync_Frames_InOrderNumberedOn()
    {
        _buffer = Make(new(), after: 41);
        Offer(5);
        var (one, two) = (await ReadAsync(3), await ReadAsync(3));
        Assert.Equal((42, "0,1,2"), (one!.First, Texts(one)));
        Assert.Equal((45, "3,4"), (two!.First, Texts(two)));
    }

    [Fact]
    public async Task ReadAsync_Nothing_WaitsForTheNext()
    {
        var read = _buffer.ReadAsync(10, CancellationToken.None).AsTask();
        Assert.False(read.IsCompleted);
        await Assert.ThrowsAsync<InvalidOperationException>(() => ReadAsync(1));
        Offer(1);
        Assert.Equal("0", Texts(await read));
    }

    [Fact]
    public async Task ReadAsync_SoonAfterAnother_WaitsForWhatElseComes()
    {
        _buffer = Make(new() { MostFrames = 80 });
        Offer(1);
        await ReadAsync(10);
        var together = _buffer.ReadAsync(10, CancellationToken.None).AsTask();
        Offer(1);
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Offer(1);
        Assert.False(together.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal(2, (await together)!.Frames.Count);

        var many = _buffer.ReadAsync(100, CancellationToken.None).AsTask();
        Offer(9);
        Assert.False(many.IsCompleted);
        Offer(1);
        Assert.Equal(10, (await many)!.Frames.Count);

        var late = _buffer.ReadAsync(10, CancellationToken.None).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(250));
        Offer(1);
        Assert.Single((await late)!.Frames);
    }

    [Fact]
    public async Task ReadAsync_Canceled_LosesNothing()
    {
        using var stop = new CancellationTokenSource();
        var read = _buffer.ReadAsync(10, stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        Offer(1);
        Assert.Equal("0", Texts(await ReadAsync(10)));
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, "0,1")]
    public async Task Close_WhatWaits_IsReadOrNot(bool discard, string? texts)
    {
        Offer(2);
        _buffer.Close(discard);
        Assert.Equal(0, _buffer.Offer(["9"u8.ToArray()]));
        Assert.Equal(texts, (await ReadAsync(10)) is { } batch ? Texts(batch) : null);
        Assert.Null(await ReadAsync(10));
    }

    [Fact]
    public async Task Close_WhileReading_EndsTheRead()
    {
        var read = _buffer.ReadAsync(10, CancellationToken.None).AsTask();
        _buffer.Close(discard: true);
        Assert.Null(await read);
    }

    [Fact]
    public async Task Offer_NoRoom_SaysOnceThatItSamples()
    {
        Offer(30);
        Assert.Equal((true, 20), (_buffer.Overloaded, _buffer.Dropped));
        var batch = await ReadAsync(100);
        Assert.Equal("0,1,2,3,4,5,6,7,8,9", Texts(batch, most: 10));
        Assert.Equal(
            """{"outcome":"ok","scriptName":"s","exceptions":[],"logs":[],"event":{"message":"Tail is currently in sampling mode due to the high volume of messages. To prevent messages from being dropped consider adding filters.","type":"overload"},"eventTimestamp":1767225600000}""",
            Encoding.UTF8.GetString(Assert.Single(batch!.Frames.Skip(10)).Span));
    }

    [Fact]
    public async Task Offer_SlowReader_MeetsTheMarkerWithinTheBytes()
    {
        _buffer = Make(new() { MostBytes = 256 * 1024 });
        var frame = new byte[60 * 1024];
        Assert.Equal(4, _buffer.Offer([.. Enumerable.Repeat(frame, 6)]));
        var batch = await ReadAsync(100);
        Assert.Equal("overload", Info(batch!.Frames[^1]).GetProperty("type").GetString());
        Assert.InRange(batch.Frames.SkipLast(1).Sum(sent => sent.Length), 1, 256 * 1024);
    }

    [Fact]
    public async Task Overload_CaughtUpAndQuiet_SaysHowManyWereDropped()
    {
        Offer(13);
        await ReadAsync(100);
        _time.Advance(Quiet - TimeSpan.FromTicks(1));
        Assert.True(_buffer.Overloaded);
        var read = _buffer.ReadAsync(10, CancellationToken.None).AsTask();
        _time.Advance(TimeSpan.FromTicks(1));
        var batch = await read;
        Assert.Equal(12, batch!.First);
        Assert.Equal(
            """{"message":"Tail has exited sampling mode and is no longer dropping messages.","type":"overload-stop","dropped":3}""",
            Info(Assert.Single(batch.Frames)).GetRawText());
        Assert.Equal((false, 0), (_buffer.Overloaded, _buffer.Dropped));
    }

    [Fact]
    public async Task Overload_QuietBeforeTheReaderCatchesUp_EndsWhenItDoes()
    {
        Offer(13);
        _time.Advance(Quiet * 2);
        Assert.True(_buffer.Overloaded);
        Assert.Equal(11, (await ReadAsync(100))!.Frames.Count);
        Assert.Equal("overload-stop", Info((await ReadAsync(100))!.Frames[0]).GetProperty("type").GetString());
    }

    [Fact]
    public async Task Overload_DropsGoOn_DoesNotEnd()
    {
        Offer(13);
        await ReadAsync(100);
        _time.Advance(Quiet / 2);
        Offer(13, draw: 0);
        await ReadAsync(100);
        _time.Advance(Quiet / 2);
        Assert.True(_buffer.Overloaded);
        _time.Advance(Quiet / 2);
        Assert.Equal(6, Info((await ReadAsync(100))!.Frames[0]).GetProperty("dropped").GetInt32());
    }

    [Fact]
    public async Task Overload_BetweenHalfAndFull_TakesTheMoreSeldom()
    {
        Offer(11);
        await ReadAsync(100);
        Offer(5);
        // Half full: 2 - 2 × 0.5 = 1; then 0.8 at six tenths, and 0.6 at seven.
        Assert.Equal([true, false, true, false, true], new[] { 0.99, 0.81, 0.79, 0.61, 0.59 }.Select(draw => One(draw)));
    }

    [Fact]
    public async Task Offer_FromManyWhileReading_SubsetOfEachInOrder()
    {
        const int Writers = 4, Each = 5_000;
        var random = new Random(1);
        _buffer = new(new() { MostFrames = 50 }, new("s", live: false, _time), 0, _time, () => Gather, random.NextDouble);
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                _buffer.Offer([Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{writer} {i}"))]);
            }
        })));
        var closing = writing.ContinueWith(_ => _buffer.Close(discard: false), TaskScheduler.Default);
        var (next, last) = (1L, Enumerable.Repeat(-1, Writers).ToArray());
        while (await ReadAsync(7) is { } batch)
        {
            Assert.Equal(next, batch.First);
            next += batch.Frames.Count;
            foreach (var parts in batch.Frames.Select(frame => Encoding.UTF8.GetString(frame.Span)).Where(text => text[0] != '{').Select(text => text.Split(' ')))
            {
                var (writer, i) = (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture));
                Assert.True(i > last[writer]);
                last[writer] = i;
            }
        }

        await closing;
    }

    [Theory]
    [InlineData(9, 1024 * 1024, 5)]
    [InlineData(100_001, 1024 * 1024, 5)]
    [InlineData(1_000, (256 * 1024) - 1, 5)]
    [InlineData(1_000, (1024 * 1024) + 1, 5)]
    [InlineData(1_000, 1024 * 1024, 0)]
    [InlineData(1_000, 1024 * 1024, 61)]
    public void Options_OutOfRange_AreRefused(int frames, int bytes, int quiet) => Assert.Throws<ValidationException>(
        () => Make(new() { MostFrames = frames, MostBytes = bytes, Quiet = TimeSpan.FromSeconds(quiet) }));

    private TailBuffer Make(TailBufferOptions options, long after = 0) =>
        new(options, new("s", live: false, _time), after, _time, () => Gather, _draws.Dequeue);

    private bool One(double draw)
    {
        _draws.Enqueue(draw);
        var taken = _buffer.Offer(["x"u8.ToArray()]) == 1;
        _draws.Clear();
        return taken;
    }

    private void Offer(int count, double? draw = null)
    {
        for (var i = 0; i < count; i++)
        {
            if (draw is { } value)
            {
                _draws.Enqueue(value);
            }

            _buffer.Offer([Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture))]);
        }

        _draws.Clear();
    }

    private async Task<TailBatch?> ReadAsync(int most) => await _buffer.ReadAsync(most, CancellationToken.None);

    private static string Texts(TailBatch? batch, int most = int.MaxValue) =>
        string.Join(',', batch!.Frames.Take(most).Select(frame => Encoding.UTF8.GetString(frame.Span)));

    private static JsonElement Info(ReadOnlyMemory<byte> frame) => JsonElement.Parse(frame.Span).GetProperty("event");
}
