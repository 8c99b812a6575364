using Client.Tests.Harness;
using Coordinator.Client;
using Coordinator.Testing;
using Coordinator.V1;
using Microsoft.Extensions.Logging;
using System.Collections.Concurrent;
using static Coordinator.V1.Control.Types.Kind;

namespace Client.Tests.Tails;

/// <summary>Scripts, demand and traces over a real stream.</summary>
public sealed class SessionTracesTests : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private static readonly TailDemand Api = new() { Script = "api", Tails = 1, SamplingRate = 0.25 };
    private readonly ConcurrentQueue<SessionNotice> _notices = new();
    private FakeSessions _coordinator = null!;
    private CoordinatorClient _client = null!;
    private WorkerSession _session = null!;
    private FakeSessions.Connection _stream = null!;

    public async Task InitializeAsync()
    {
        _coordinator = await FakeSessions.StartAsync();
        _client = _coordinator.Client();
        _session = await _client.StartWorkerAsync(new() { WorkerId = "worker", Scripts = ["api", "site", "api"], OnNotice = _notices.Enqueue });
        // On a busy machine it may have given up one that was too slow to welcome it.
        do
        {
            _stream = await _coordinator.NextAsync();
        }
        while (_stream.Left);
    }

    public async Task DisposeAsync()
    {
        await _session.DisposeAsync();
        await _client.DisposeAsync();
        await _coordinator.DisposeAsync();
    }

    [Fact]
    public void Hello_NamesEachScriptOnce() => Assert.Equal(["api", "site"], _stream.Hello.Scripts);

    [Fact]
    public void Traces_OfAScript_IsTheSameEachTimeAndRefusedForOthers()
    {
        Assert.Same(_session.Traces("api"), _session.Traces("api"));
        Assert.Throws<ArgumentException>(() => _session.Traces("API"));
    }

    [Fact]
    public async Task Control_TailStartedAndStopped_TurnsOneScriptAndIsAcknowledged()
    {
        var api = _session.Traces("api");
        await _stream.TellAsync("1", TailStarted, Api);
        Assert.Equal((true, 0.25), (api.IsTailed, api.SamplingRate));
        Assert.False(_session.Traces("site").IsTailed);
        await _stream.TellAsync("2", TailStarted, new() { Script = "api", Tails = 3, SamplingRate = 1 });
        Assert.Equal((3, 1), (api.Tails, api.SamplingRate));
        await _stream.TellAsync("3", TailStarted, new() { Script = "nobody's", Tails = 1 });
        await _stream.TellAsync("4", TailStopped, new() { Script = "api" });
        Assert.False(api.IsTailed);
        await Eventually.TrueAsync(() => _notices.Count(notice => notice.Message == "api") == 2, Bound, "one notice at the start and one at the end");
        Assert.Equal(
            [SessionNoticeKind.TailStarted, SessionNoticeKind.TailStopped],
            _notices.Where(notice => notice.Message == "api").Select(notice => notice.Kind).Order());
    }

    [Fact]
    public async Task Publish_WhileTailed_ArrivesInOrder()
    {
        var api = _session.Traces("api");
        Assert.False(api.Publish(new TraceEvent()));
        await _stream.TellAsync("1", TailStarted, Api);
        for (var i = 0; i < 500; i++)
        {
            Assert.True(api.Publish(new TraceEvent { ScriptVersion = $"{i}" }));
        }

        var seen = new List<string>();
        while (seen.Count < 500)
        {
            var traces = (await _stream.NextAsync()).Traces;
            Assert.Equal("api", traces.Script);
            seen.AddRange(traces.Events.Select(message => System.Text.Json.JsonDocument.Parse(message.Memory).RootElement.GetProperty("scriptVersion").GetProperty("id").GetString()!));
        }

        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), seen);
        Assert.Equal(0, api.Dropped);
    }

    [Fact]
    public async Task Reconnect_WhileTailed_BeginsWithoutDemandUntilToldAgain()
    {
        var api = _session.Traces("api");
        await _stream.TellAsync("1", TailStarted, Api);
        _stream.End();
        var next = await _coordinator.NextAsync();
        Assert.Equal(["api", "site"], next.Hello.Scripts);
        Assert.False(api.IsTailed);
        await next.TellAsync("1", TailStarted, Api);
        Assert.True(api.Publish(new TraceEvent()));
        Assert.Single((await next.NextAsync()).Traces.Events);
    }

    [Fact]
    public async Task AddCoordinatorTail_OfASession_ShipsWhatIsLogged()
    {
        using var factory = LoggerFactory.Create(builder => builder.AddCoordinatorTail(_session, "site"));
        await _stream.TellAsync("1", TailStarted, new() { Script = "site", Tails = 1, SamplingRate = 1 });
        factory.CreateLogger("Shop").LogInformation("open");
        var traces = (await _stream.NextAsync()).Traces;
        Assert.Contains("""[{"message":["open"],"level":"info",""", Assert.Single(traces.Events).ToStringUtf8(), StringComparison.Ordinal);
    }
}
