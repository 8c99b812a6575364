using Coordinator.Gateway.Transcoding.Calls;
using Coordinator.V1;
using Google.Protobuf;
using System.Buffers;
using System.Net.WebSockets;

namespace Coordinator.Gateway.Tails.Sockets;

/// <summary>
/// A tail over one WebSocket: each frame is a text message of its own; what the client sends are filters. Reading never waits for
/// anything but the client, so that pings are answered however busy the tail is.
/// </summary>
internal sealed class TailSocket : IDisposable
{
    private const int MaxMessageBytes = 64 << 10;
    private const int ReadBytes = 1 << 10;
    private static readonly TimeSpan WriteWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ClosedWithin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PingWithin = TimeSpan.FromSeconds(20);
    private readonly HttpContext _http;
    private readonly ClientFrames _frames;
    private readonly WebSocket _socket;
    private readonly TailFeed _feed;
    private readonly Drain _drain;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    private TailSocket(HttpContext http, ClientFrames frames, string? protocol, TailFeed feed, Drain drain, TimeProvider time, ILogger log)
    {
        (_http, _frames, _feed, _drain, _time, _log) = (http, frames, feed, drain, time, log);
        _socket = WebSocket.CreateFromStream(frames, new WebSocketCreationOptions { IsServer = true, SubProtocol = protocol, KeepAliveInterval = PingAfter, KeepAliveTimeout = PingWithin });
    }

    /// <summary>Upgrades, and comes back when the connection may be closed.</summary>
    public static async Task RunAsync(HttpContext http, Handshake handshake, TailFeed feed, Drain drain, TimeProvider time, ILogger log)
    {
        var raw = await handshake.UpgradeAsync(http).ConfigureAwait(false);
        using var socket = new TailSocket(http, new(raw, new(time)), handshake.AgreedProtocol, feed, drain, time, log);
        await socket.RunAsync().ConfigureAwait(false);
    }

    public void Dispose()
    {
        _socket.Dispose();
        _frames.Dispose();
    }

    private async Task RunAsync()
    {
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(_http.RequestAborted);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(_http.RequestAborted);
        var reads = ReadAsync(reading.Token);
        var writes = WriteAsync(writing.Token);
        var closing = await FirstAsync(reads, writes).ConfigureAwait(false);
        // A message that is being written is written to its end: cutting it would leave no way to say why.
        await writing.CancelAsync().ConfigureAwait(false);
        await writes.ConfigureAwait(false);
        if (closing is not null)
        {
            await CloseAsync(closing).ConfigureAwait(false);
            await AwaitCloseAsync(reads, reading).ConfigureAwait(false);
        }

        await reading.CancelAsync().ConfigureAwait(false);
        await reads.ConfigureAwait(false);
    }

    // Null where there is nobody left to be told.
    private async Task<Closing?> FirstAsync(Task<Closing?> reads, Task<Closing?> writes)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = _drain.Streams.Register(stopping.SetResult);
        var first = await Task.WhenAny(reads, writes, _frames.Flood, stopping.Task).ConfigureAwait(false);
        return first == _frames.Flood ? Closings.Flood
            : first == stopping.Task ? Closings.Stopping
            : await ((Task<Closing?>)first).ConfigureAwait(false);
    }

    private async Task<Closing?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            for (var message = new ArrayBufferWriter<byte>(ReadBytes); ;)
            {
                var read = await _socket.ReceiveAsync(message.GetMemory(ReadBytes)[..ReadBytes], cancellation).ConfigureAwait(false);
                message.Advance(read.Count);
                switch (read.MessageType)
                {
                    case WebSocketMessageType.Close:
                        return new() { Code = (int)(_socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure) };
                    case WebSocketMessageType.Binary:
                        return Closings.Binary;
                    case var _ when message.WrittenCount > MaxMessageBytes:
                        return Closings.TooLarge;
                }

                if (read.EndOfMessage)
                {
                    if (ClientMessage.FiltersOf(message.WrittenMemory) is { } filters)
                    {
                        _feed.ReplaceFilters(filters);
                    }

                    // One large message is no reason to keep its room.
                    message = new(ReadBytes);
                }
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException)
        {
            // It left, or broke the rules and was told so by the framework.
            return null;
        }
    }

    private async Task<Closing?> WriteAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var response = await _feed.NextAsync().WaitAsync(stop).ConfigureAwait(false);
                foreach (var frame in response.Frames)
                {
                    await SendAsync(frame).ConfigureAwait(false);
                    stop.ThrowIfCancellationRequested();
                }

                if (response.Closing is { } closing)
                {
                    return closing;
                }
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException)
        {
            return null;
        }
    }

    private async Task SendAsync(ByteString frame)
    {
        using var late = new CancellationTokenSource(WriteWithin, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _drain.Calls, _http.RequestAborted);
        try
        {
            await _socket.SendAsync(frame.Memory, WebSocketMessageType.Text, endOfMessage: true, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            Log.ReaderCut(_log, V1.Tails.Descriptor.FullName, WriteWithin);
            _http.Abort();
            throw;
        }
    }

    private async Task CloseAsync(Closing closing)
    {
        using var late = new CancellationTokenSource(ClosedWithin, _time);
        try
        {
            var status = (WebSocketCloseStatus)closing.Code;
            await _socket.CloseOutputAsync(status, status == WebSocketCloseStatus.Empty ? null : Closings.ReasonOf(closing), late.Token).ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException)
        {
            // It was closed already, or nobody reads.
        }
    }

    // What comes before the client's own close is read to the end and dropped: unread, it would reset the connection.
    private async Task AwaitCloseAsync(Task<Closing?> reads, CancellationTokenSource reading)
    {
        reading.CancelAfter(ClosedWithin);
        await reads.ConfigureAwait(false);
        try
        {
            var dropped = new byte[ReadBytes];
            while (_socket.State is WebSocketState.CloseSent)
            {
                await _socket.ReceiveAsync(dropped.AsMemory(), reading.Token).ConfigureAwait(false);
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException)
        {
            // It does not close in its turn.
        }
    }
}
