using Coordinator.Testing;
using System.Collections.Concurrent;
using System.Text;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace EndToEnd.Tests.Tails;

/// <summary>A tail that is read as fast as it can be, and pinged meanwhile, each time with another payload.</summary>
internal sealed class PingedSocket(RawSocket socket, TimeSpan every) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, long> _waiting = new();

    public TimeSpan Every => every;

    /// <summary>Messages that came.</summary>
    public int Messages { get; private set; }

    public int Pongs { get; private set; }

    /// <summary>From a ping to its pong.</summary>
    public TimeSpan Slowest { get; private set; }

    /// <summary>Until it is over and every ping is answered. Throws where anything else comes, or a pong is not there in time.</summary>
    public Task RunAsync(TimeSpan answeredWithin, CancellationToken over) => Task.WhenAll(PingAsync(over), ReadAsync(answeredWithin, over));

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    private async Task PingAsync(CancellationToken over)
    {
        using var timer = new PeriodicTimer(every, TimeProvider.System);
        try
        {
            for (var i = 0; ; i++)
            {
                var payload = $"ping {i}";
                _waiting[payload] = Stopwatch.GetTimestamp();
                await socket.SendAsync(RawSocket.Ping, payload);
                await timer.WaitForNextTickAsync(over);
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // What is not answered yet is waited for.
        }
    }

    private async Task ReadAsync(TimeSpan answeredWithin, CancellationToken over)
    {
        while (!over.IsCancellationRequested || !_waiting.IsEmpty)
        {
            var frame = await socket.ReadAsync();
            if (frame.First == RawSocket.Pong)
            {
                Assert.True(_waiting.TryRemove(Encoding.UTF8.GetString(frame.Payload), out var sent), "A pong answers no ping.");
                var took = Stopwatch.GetElapsedTime(sent);
                (Slowest, Pongs) = (took > Slowest ? took : Slowest, Pongs + 1);
            }
            else
            {
                Assert.Equal(RawSocket.Text, frame.First);
                Messages++;
            }

            Assert.All(_waiting.Values, sent => Assert.InRange(Stopwatch.GetElapsedTime(sent), TimeSpan.Zero, answeredWithin));
        }
    }
}
