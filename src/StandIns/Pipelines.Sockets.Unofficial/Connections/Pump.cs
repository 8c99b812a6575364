using System.IO.Pipelines;

namespace Pipelines.Sockets.Unofficial;

/// <summary>
/// Two pipes and the two loops that move bytes between them and a channel. Many small flushes become one send: the send
/// loop takes all that has gathered in the pipe.
/// </summary>
internal sealed class Pump(IChannel channel, PipeOptions? sendOptions, PipeOptions? receiveOptions)
{
    private readonly Pipe _send = new(sendOptions ?? PipeOptions.Default);
    private readonly Pipe _receive = new(receiveOptions ?? PipeOptions.Default);
    private long _sent;
    private long _received;
    private int _lastReceived = -1;

    public Ending Ending { get; } = new();

    public PipeReader Input => _receive.Reader;

    public PipeWriter Output => _send.Writer;

    public long Sent => Volatile.Read(ref _sent);

    public long Received => Volatile.Read(ref _received);

    /// <summary>The bytes of the last receive; -1 before the first.</summary>
    public int LastReceived => Volatile.Read(ref _lastReceived);

    public void Start()
    {
        // The loops end with their pipes, into which they report every failure: nobody needs to await them.
        (receiveOptions?.ReaderScheduler ?? PipeScheduler.ThreadPool).Schedule(_ => _ = ReceiveAsync(), null);
        (sendOptions?.WriterScheduler ?? PipeScheduler.ThreadPool).Schedule(_ => _ = SendAsync(), null);
    }

    private async Task ReceiveAsync()
    {
        Exception? failure = null;
        try
        {
            await ReceiveAllAsync(_receive.Writer).ConfigureAwait(false);
        }
        catch (Exception thrown)
        {
            failure = Ending.Set(thrown, PipeShutdownKind.ReadSocketError, PipeShutdownKind.ReadException);
        }

        await _receive.Writer.CompleteAsync(failure).ConfigureAwait(false);
    }

    private async Task ReceiveAllAsync(PipeWriter writer)
    {
        while (true)
        {
            var count = await channel.ReceiveAsync(writer.GetMemory()).ConfigureAwait(false);
            Volatile.Write(ref _lastReceived, count);
            if (count == 0)
            {
                Ending.TrySet(PipeShutdownKind.ReadEndOfStream);
                return;
            }

            Interlocked.Add(ref _received, count);
            writer.Advance(count);
            var flushed = await writer.FlushAsync().ConfigureAwait(false);
            if (flushed.IsCompleted || flushed.IsCanceled)
            {
                return;
            }
        }
    }

    private async Task SendAsync()
    {
        Exception? failure = null;
        try
        {
            await SendAllAsync(_send.Reader).ConfigureAwait(false);
        }
        catch (Exception thrown)
        {
            failure = Ending.Set(thrown, PipeShutdownKind.WriteSocketError, PipeShutdownKind.WriteException);

            // After a failed send nothing more can leave. What waits for answers must hear of it: end the reading side too.
            channel.Abort();
        }

        await _send.Reader.CompleteAsync(failure).ConfigureAwait(false);
    }

    private async Task SendAllAsync(PipeReader reader)
    {
        while (true)
        {
            var read = await reader.ReadAsync().ConfigureAwait(false);
            if (!read.Buffer.IsEmpty)
            {
                await channel.SendAsync(read.Buffer).ConfigureAwait(false);
                Interlocked.Add(ref _sent, read.Buffer.Length);
            }

            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }
}
