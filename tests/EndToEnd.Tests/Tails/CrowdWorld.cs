using Coordinator.Testing;
using EndToEnd.Tests.Harness;
using System.Text.Json;

namespace EndToEnd.Tests.Tails;

/// <summary>A script with a hundred tails: ninety whose readers see its small events, and ten without a filter that are not read at all.</summary>
public sealed class CrowdWorld : World
{
    internal const int Readers = 90;
    internal const int Stalled = 10;
    private static readonly object Small = new { method = new[] { "POST" } };
    private readonly List<Follower> _followers = [];
    private readonly List<RawSocket> _unread = [];
    private readonly List<string> _paths = [];
    private TestStore _store = null!;

    internal RedisServer Redis => _store.Redis!;

    internal CoordinatorProcess Coordinator { get; private set; } = null!;

    internal GatewayProcess Gateway { get; private set; } = null!;

    internal CrowdWorker Worker { get; private set; } = null!;

    internal IReadOnlyList<Follower> Followers => _followers;

    /// <summary>How many readers the gateway has cut because they do not read.</summary>
    internal int Cut => Gateway.Process.Lines.Count(line => line.Contains("was cut: it does not read", StringComparison.Ordinal));

    protected override async Task StartAsync()
    {
        _store = Part(await TestStore.StartAsync("redis"));
        // Their readers are so seldom renewed that all that is published meanwhile is what the worker ships.
        Coordinator = Part(await _store.CoordinatorAsync("--tails-per-script", $"{Readers + Stalled + 1}", "--tail-grace-seconds", "600"));
        Gateway = Part(await GatewayProcess.StartAsync(Coordinator));
        Worker = Part(await CrowdWorker.StartAsync(Coordinator));
        AtEnd(LeaveAsync);
        await FollowAsync();
    }

    protected override void Check() => Assert.False(Coordinator.Process.HasExited || Gateway.Process.HasExited, "A process died of what it was asked.");

    /// <summary>All but the first, which is there from the start.</summary>
    internal async Task CrowdAsync()
    {
        while (_followers.Count < Readers)
        {
            await FollowAsync();
        }

        while (_paths.Count < Stalled)
        {
            await using var tail = await StartAsync();
            _paths.Add(tail.Path);
        }
    }

    /// <summary>Connects to the tails that are not read, again where they were connected to: half as WebSockets, half as Server-Sent Events.</summary>
    internal async Task StallAsync()
    {
        foreach (var socket in _unread)
        {
            await socket.DisposeAsync();
        }

        _unread.Clear();
        foreach (var path in _paths)
        {
            var socket = await RawSocket.SendAsync(
                Gateway.Address, _unread.Count % 2 == 0 ? RawSocket.Request(path) : $"GET {path} HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
            Assert.Equal(_unread.Count % 2 == 0 ? 101 : 200, socket.Status);
            _unread.Add(socket);
        }
    }

    /// <summary>Another tail, of everything.</summary>
    internal Task<SocketTail> TailAsync() => StartAsync();

    /// <summary>Until every reader has seen what was shipped last.</summary>
    internal async Task CaughtUpAsync(TimeSpan within)
    {
        var last = Worker.Last;
        await Eventually.TrueAsync(() => _followers.All(follower => follower.Last >= last || follower.Reading.IsCompleted), within, "every reader has seen everything");
        foreach (var ended in _followers.Where(follower => follower.Reading.IsCompleted))
        {
            await ended.Reading;
        }
    }

    // All that read, or could.
    private async Task LeaveAsync()
    {
        foreach (var socket in _unread)
        {
            await socket.DisposeAsync();
        }

        foreach (var follower in _followers)
        {
            await follower.DisposeAsync();
        }
    }

    private async Task FollowAsync() => _followers.Add(new(await StartAsync(Small)));

    private async Task<SocketTail> StartAsync(params object[] filters)
    {
        using var rest = new Rest(Gateway.Address, CoordinatorProcess.Token);
        return await SocketTail.StartAsync(rest, Gateway, CrowdWorker.Script, filters);
    }
}

/// <summary>Reads a tail of numbered events: each must be the one behind the one before.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private readonly SocketTail _tail;
    private long _last;

    public Follower(SocketTail tail)
    {
        _tail = tail;
        _tail.Socket.Within = TimeSpan.FromMinutes(5);
        Reading = Task.Run(ReadAsync);
    }

    public long Last => Interlocked.Read(ref _last);

    /// <summary>Never completes while all is well.</summary>
    public Task Reading { get; }

    public async ValueTask DisposeAsync()
    {
        await _tail.DisposeAsync();
        await Reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReadAsync()
    {
        while (true)
        {
            using var message = JsonDocument.Parse(await _tail.Socket.ReadTextAsync());
            var number = Numbers.Of(message.RootElement);
            Assert.True(_last == 0 || number == _last + 1, $"{number} came behind {_last}.");
            Interlocked.Exchange(ref _last, number);
        }
    }
}
