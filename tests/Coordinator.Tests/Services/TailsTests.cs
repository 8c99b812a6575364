using Coordinator.Credentials;
using Coordinator.Tails;
using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using System.Text.Json;

namespace Coordinator.Tests.Services;

/// <summary>Tails from a worker's stream to their readers, as callers on the wire see them.</summary>
public sealed class TailsTests : IAsyncLifetime
{
    private const string Script = "a/b c%";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private RunningHost _host = null!;

    private V1.Tails.TailsClient Client => _host.Tails;

    public async Task InitializeAsync() => _host = await RunningHost.StartAsync(services => services.Configure<TailOptions>(tails =>
    {
        tails.MostPerScript = 2;
        tails.LiveTtl = TimeSpan.FromSeconds(2);
        tails.ReaderGrace = TimeSpan.FromSeconds(1);
    }));

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Start_OfAScriptThatNobodyNamed_IsNotFound()
    {
        Assert.Equal("SCRIPT_NOT_FOUND", await ReasonAsync(Client.StartAsync(StartOf(Script), RunningHost.Headers)));
        using var worker = await ConnectAsync(Script);
        Assert.Equal("SCRIPT_NOT_FOUND", await ReasonAsync(Client.StartAsync(StartOf("a"), RunningHost.Headers)));
        await Client.StartAsync(StartOf(Script), RunningHost.Headers);
    }

    [Fact]
    public async Task Start_ListAndDelete()
    {
        using var worker = await ConnectAsync("s");
        var first = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        var second = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        Assert.Matches("^[0-9a-f]{32}$", first.Id);
        Assert.StartsWith("ws://here/tails/", first.Url, StringComparison.Ordinal);
        Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds(first.ExpiresAt) - TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(5.9), TimeSpan.FromHours(6));
        Assert.Equal("TOO_MANY_TAILS", await ReasonAsync(Client.StartAsync(StartOf("s"), RunningHost.Headers)));
        var list = await Client.ListAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s" }, RunningHost.Headers);
        Assert.Equal([second.Id, first.Id], list.Tails.Select(tail => tail.Id));
        Assert.Equal(second.Id, list.Id);
        await Client.DeleteAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Id = first.Id }, RunningHost.Headers);
        Assert.Equal("TAIL_NOT_FOUND", await ReasonAsync(Client.DeleteAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Id = first.Id }, RunningHost.Headers)));
        Assert.Equal("TAIL_NOT_FOUND", (await Statuses.RefusedAsync(Attach(first.Url).ResponseStream)).Reason());
    }

    [Fact] // T3
    public async Task Traces_OfATailedScript_ComeInOrderAndOnlyWhatTheFiltersPass()
    {
        // More than may wait to be judged, fewer than a reader may be behind.
        const int Shipped = 600;
        using var worker = await ConnectAsync("s", "other");
        var tail = await Client.StartAsync(StartOf("s", """[{"outcome":["exception"]}]"""), RunningHost.Headers);
        await DemandAsync(worker, "s", 1);
        using var reader = await AttachedAsync(tail.Url);
        for (var i = 0; i < Shipped; i++)
        {
            await SendAsync(worker, "s", $$"""{"outcome":"{{(i % 2 == 0 ? "exception" : "ok")}}","z":{{i}}.50,"a":9007199254740993}""");
            await SendAsync(worker, "other", """{"outcome":"exception"}""");
        }

        var frames = await FramesAsync(reader, Shipped / 2);
        Assert.Equal(Enumerable.Range(0, Shipped / 2).Select(i => $"{i * 2}.50"), frames.Select(frame => frame.GetProperty("z").GetRawText()));
        Assert.All(frames, frame => Assert.Equal(("s", "9007199254740993"), (frame.GetProperty("scriptName").GetString(), frame.GetProperty("a").GetRawText())));
    }

    [Fact]
    public async Task Demand_IsToldWhenItBeginsChangesAndEnds()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s", """[{"sampling_rate":0.25}]"""), RunningHost.Headers);
        Assert.Equal(0.25, (await DemandAsync(worker, "s", 1)).SamplingRate);
        var other = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        Assert.Equal(1, (await DemandAsync(worker, "s", 2)).SamplingRate);
        await Client.DeleteAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Id = other.Id }, RunningHost.Headers);
        await DemandAsync(worker, "s", 1);
        using var late = await ConnectAsync("s");
        await DemandAsync(late, "s", 1);
        await Client.DeleteAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Id = tail.Id }, RunningHost.Headers);
        await DemandAsync(worker, "s", 0);
    }

    [Fact] // T4
    public async Task Delete_EndsItsReaderAtOnce()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        using var reader = await AttachedAsync(tail.Url);
        await Client.DeleteAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Id = tail.Id }, RunningHost.Headers);
        Assert.Equal(1000, (await reader.ResponseStream.NextAsync()).Closing.Code);
        using var late = new CancellationTokenSource(Bound);
        Assert.False(await reader.ResponseStream.MoveNext(late.Token));
    }

    [Fact]
    public async Task Attach_Again_ReplacesTheFirstReader()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        using var first = await AttachedAsync(tail.Url);
        using var second = await AttachedAsync(tail.Url);
        Assert.Equal(4001, (await first.ResponseStream.NextAsync()).Closing.Code);
        await DemandAsync(worker, "s", 1);
        await SendAsync(worker, "s", """{"outcome":"ok"}""");
        Assert.Single(await FramesAsync(second, 1));
    }

    [Fact]
    public async Task Reader_ThatLeaves_LeavesNoTailBehind()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        using (var reader = await AttachedAsync(tail.Url))
        {
            // Longer than the grace: a reader that is there keeps its tail.
            var until = TimeProvider.System.GetTimestamp();
            await Eventually.TrueAsync(() => TimeProvider.System.GetElapsedTime(until) > TimeSpan.FromSeconds(1.5), Bound, "the grace is over");
            Assert.Single((await Client.ListAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s" }, RunningHost.Headers)).Tails);
        }

        await Eventually.TrueAsync(
            async () => (await Client.ListAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s" }, RunningHost.Headers)).Tails.Count == 0, Bound, "the tail is gone");
        await DemandAsync(worker, "s", 0);
    }

    [Fact]
    public async Task Reader_MayAskForSomethingElse()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        await DemandAsync(worker, "s", 1);
        using var reader = await AttachedAsync(tail.Url);
        await reader.RequestStream.WriteAsync(new() { Filters = ByteString.CopyFromUtf8("""[{"sampling_rate":0.5},{"outcome":["ok"]}]""") });
        Assert.Equal(0.5, (await DemandAsync(worker, "s", 1)).SamplingRate);
    }

    [Fact]
    public async Task LiveTail_LastsAsLongAsItsUserBeats()
    {
        using var worker = await ConnectAsync("s");
        var opened = await Client.OpenLiveAsync(new() { AccountId = RunningHost.Tenant, Origin = "ws://here" }, RunningHost.Headers);
        await DemandAsync(worker, "s", 1);
        using var reader = await AttachedAsync(opened.WsUrl);
        await SendAsync(worker, "s", """{"outcome":"ok","event":{"cron":"* * * * *","scheduledTime":1}}""");
        Assert.Equal("s", (await FramesAsync(reader, 1))[0].GetProperty("$workers").GetProperty("scriptName").GetString());
        using var beat = Client.LiveHeartbeatAsync(new() { AccountId = RunningHost.Tenant }, RunningHost.Headers);
        await beat;
        Assert.Matches("^[0-9-]{10}T[0-9:]{8}Z$", (await beat.ResponseHeadersAsync).GetValue("lease-expires-at"));
        var end = (await reader.ResponseStream.NextAsync()).Closing;
        Assert.Equal((4000, "live tail expired"), (end.Code, end.Reason));
        using var none = Client.LiveHeartbeatAsync(new() { AccountId = RunningHost.Tenant }, RunningHost.Headers);
        await none;
        Assert.Null((await none.ResponseHeadersAsync).GetValue("lease-expires-at"));
    }

    [Fact]
    public async Task Heartbeat_OfOneScript_LeavesTheOthersAlone()
    {
        using var worker = await ConnectAsync("s", "t");
        foreach (var script in new[] { "s", "t" })
        {
            await Client.OpenLiveAsync(new() { AccountId = RunningHost.Tenant, ScriptId = script, Origin = "ws://here" }, RunningHost.Headers);
        }

        var until = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(
            async () =>
            {
                await Client.LiveHeartbeatAsync(new() { AccountId = RunningHost.Tenant, ScriptId = "s" }, RunningHost.Headers);
                return TimeProvider.System.GetElapsedTime(until) > TimeSpan.FromSeconds(2.5);
            },
            Bound, "the other is over");
        var leases = (await _host.Leases.ListAsync(new() { Prefix = "live:" }, RunningHost.Headers)).Leases;
        Assert.Single(leases);
    }

    [Theory]
    [InlineData("""[{"sampling_rate":2}]""", "/filters/0/sampling_rate")]
    [InlineData("""{}""", "/filters")]
    public async Task Start_WithABadFilter_NamesItsPlace(string filters, string place)
    {
        using var worker = await ConnectAsync("s");
        var refused = await Statuses.RefusedAsync(Client.StartAsync(StartOf("s", filters), RunningHost.Headers));
        Assert.Equal(place, Assert.Single(refused.Rich().Find<Google.Rpc.BadRequest>()!.FieldViolations).Field);
    }

    [Fact] // S2
    public async Task AnotherAccount_IsForbiddenWhetherThereIsOneOrNot()
    {
        using var worker = await ConnectAsync("s");
        var stranger = _host.Credentials.Add("stranger", tenant: new('f', 32));
        foreach (var account in new[] { RunningHost.Tenant, new('e', 32), "" })
        {
            var start = StartOf("s");
            start.AccountId = account;
            Assert.Equal("ACCOUNT_NOT_OWN", await ReasonAsync(Client.StartAsync(start, stranger)));
            Assert.Equal("ACCOUNT_NOT_OWN", await ReasonAsync(Client.LiveHeartbeatAsync(new() { AccountId = account }, stranger)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("0123456789abcdef0123456789abcdef--0123456789abcdef0123456789abcdef-0123456789abcdef0123456789abcdef")]
    public async Task Attach_WithACapabilityOfNobody_IsNotFound(string capability) =>
        Assert.Equal("TAIL_NOT_FOUND", (await Statuses.RefusedAsync(Attach(capability).ResponseStream)).Reason());

    [Fact]
    public async Task Attach_WithAnotherSecret_IsNotFound()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        Assert.Equal("TAIL_NOT_FOUND", (await Statuses.RefusedAsync(Attach($"{tail.Url[..^1]}{(tail.Url[^1] == '0' ? '1' : '0')}").ResponseStream)).Reason());
    }

    [Fact]
    public async Task Email_MustBeThatOfTheKey()
    {
        _host.Credentials.Add(new(Tokens.Sha256("key"), CredentialKind.User, RunningHost.Tenant, "u", "user@example.com", new HashSet<string> { "*" }, null));
        var headers = RunningHost.Bearer("key");
        headers.Add("x-auth-email", "User@example.com");
        Assert.Equal(RunningHost.Tenant, Assert.Single((await Client.ListAccountsAsync(new(), headers)).Accounts).Id);
        var wrong = RunningHost.Bearer("key");
        wrong.Add("x-auth-email", "other@example.com");
        Assert.Equal(StatusCode.Unauthenticated, (await Statuses.RefusedAsync(Client.ListAccountsAsync(new(), wrong))).StatusCode);
    }

    [Fact]
    public async Task Traces_OfAScriptNotNamedOrOutOfBounds_AreRefused()
    {
        using var worker = await ConnectAsync("s");
        await SendAsync(worker, "t", "{}");
        Assert.Equal("INVALID_FIELD", (await worker.ResponseStream.NextAsync()).Refused.Status.Info().Reason);
        var many = new Traces { Script = "s" };
        many.Events.AddRange(Enumerable.Repeat(ByteString.CopyFromUtf8("{}"), 1_001));
        await worker.RequestStream.WriteAsync(new() { Traces = many });
        Assert.Equal("INVALID_FIELD", (await worker.ResponseStream.NextAsync()).Refused.Status.Info().Reason);
    }

    private static async Task<string> ReasonAsync<T>(AsyncUnaryCall<T> call) => (await Statuses.RefusedAsync(call)).Reason();

    private static TailsStartRequest StartOf(string script, string? filters = null)
    {
        var request = new TailsStartRequest { AccountId = RunningHost.Tenant, ScriptName = script, Origin = "ws://here", ClientIp = "127.0.0.1" };
        if (filters is not null)
        {
            request.Filters = ByteString.CopyFromUtf8(filters);
        }

        return request;
    }

    private static Task SendAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> worker, string script, string json) =>
        worker.RequestStream.WriteAsync(new() { Traces = new() { Script = script, Events = { ByteString.CopyFromUtf8(json) } } });

    // The demand of so many tails; older ones are passed over.
    private static async Task<TailDemand> DemandAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> worker, string script, int tails)
    {
        while (true)
        {
            if ((await worker.ResponseStream.NextAsync()).Control is { Demand: { } demand } control && demand.Script == script && demand.Tails == tails)
            {
                Assert.Equal(tails > 0 ? Control.Types.Kind.TailStarted : Control.Types.Kind.TailStopped, control.Kind);
                return demand;
            }
        }
    }

    private static async Task<IReadOnlyList<JsonElement>> FramesAsync(AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse> reader, int count)
    {
        var frames = new List<JsonElement>();
        while (frames.Count < count)
        {
            var response = await reader.ResponseStream.NextAsync();
            Assert.Equal(frames.Count + 1, response.First);
            frames.AddRange(response.Frames.Select(frame => JsonElement.Parse(frame.Span)));
        }

        return frames;
    }

    private async Task<AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse>> ConnectAsync(params string[] scripts)
    {
        var call = _host.Sessions.Connect(RunningHost.Headers);
        await call.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = $"w-{Guid.NewGuid():N}", Scripts = { scripts } } });
        Assert.NotNull((await call.ResponseStream.NextAsync()).Welcome);
        return call;
    }

    private AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse> Attach(string url)
    {
        var call = Client.Attach();
        _ = call.RequestStream.WriteAsync(new() { Capability = url.Split('/')[^1] });
        return call;
    }

    private async Task<AsyncDuplexStreamingCall<TailsAttachRequest, TailsAttachResponse>> AttachedAsync(string url)
    {
        var call = Attach(url);
        Assert.Empty((await call.ResponseStream.NextAsync()).Frames);
        return call;
    }
}
