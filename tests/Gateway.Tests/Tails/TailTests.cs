using Coordinator.Testing;
using Gateway.Tests.Harness;

namespace Gateway.Tests.Tails;

/// <summary>A gateway before a coordinator with one tail.</summary>
public abstract class TailTests : IAsyncLifetime
{
    internal const string Capability = "c4pa6111ty-0123456789abcdef_SECRET";
    internal const string Path = $"/tails/{Capability}";
    internal static readonly TimeSpan Within = TimeSpan.FromSeconds(10);

    internal ManualTime? Time { get; init; }

    internal RunningGateway Gateway { get; private set; } = null!;

    internal FakeTail Tail { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Gateway = await RunningGateway.StartAsync(time: Time);
        Tail = new(Gateway.Coordinator);
    }

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        // S3: the URL is a secret.
        Assert.DoesNotContain(Gateway.Log.All, line => line.Contains("SECRET", StringComparison.Ordinal));
    }

    internal Task<RawSocket> OpenAsync() => RawSocket.OpenAsync(Gateway.Address, Path);

    internal Task EndedAsync(int calls = 1) => Eventually.TrueAsync(() => Tail.Ended == calls, Within, "the call is over");

    internal Task AskedAsync(int requests) => Eventually.TrueAsync(() => Tail.Requests.Count >= requests, Within, $"request {requests}");

    internal async Task UntilAsync(Task done)
    {
        await Eventually.TrueAsync(
            bool () =>
            {
                Time!.Advance(TimeSpan.FromMilliseconds(500));
                return done.IsCompleted;
            },
            Within,
            "it is done");
        await done;
    }
}
