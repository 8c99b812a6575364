using Coordinator.Client;
using System.Text;

namespace EndToEnd.Tests.Harness;

/// <summary>Events that say which they are, so that a lost or a doubled one is seen.</summary>
internal static class CountedEvents
{
    /// <summary>Publishes until it is stopped; gives how many.</summary>
    public static async Task<int> PublishAsync(LeaseHandle lease, CancellationToken cancellation)
    {
        var n = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                n++;
                await lease.Events.PublishAsync(new("n", Encoding.ASCII.GetBytes($"{n}")), CancellationToken.None);
            }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }

        return n;
    }

    /// <summary>The log has each of them once, in order.</summary>
    public static async Task AssertAsync(CoordinatorProcess coordinator, string resource, int upTo)
    {
        await using var client = coordinator.Client();
        var expected = 0;
        await foreach (var item in client.Events.ReadAsync(resource))
        {
            Assert.Equal($"{++expected}", Encoding.ASCII.GetString(Assert.IsType<LogEvent>(item).Payload.Span));
        }

        Assert.Equal(upTo, expected);
    }
}
