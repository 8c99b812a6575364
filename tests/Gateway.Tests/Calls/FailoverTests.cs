using Coordinator.Testing;
using Gateway.Tests.Harness;
using Grpc.Core;

namespace Gateway.Tests.Calls;

/// <summary>Coordinators that come and go.</summary>
public sealed class FailoverTests
{
    [Fact]
    public async Task Call_OneCoordinatorAway_IsAnsweredByTheOther()
    {
        var away = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        await using var gateway = await RunningGateway.StartAsync(options => options.Coordinators = [away, .. options.Coordinators, away]);
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(200, (await gateway.PostAsync("/library/books", "{}")).Status);
        }

        Assert.Equal(6, gateway.Coordinator.Asked.Count);
    }

    [Fact]
    public async Task Call_AllAway_MayBeTriedAgainAndIsAnsweredOnceOneIsBack()
    {
        var port = FreePort.Next();
        await using var gateway = await RunningGateway.StartAsync(options => options.Coordinators = [new($"http://127.0.0.1:{port}")]);
        var answer = await gateway.PostAsync("/library/books", "{}");
        Assert.Equal((503, "1"), (answer.Status, answer.Header("Retry-After")));
        Assert.Equal("""{"error":{"code":"COORDINATOR_AWAY","message":"The coordinator cannot be reached; try again."}}""", answer.Body);
        Assert.Equal(503, (await gateway.GetAsync("/healthz")).Status);
        await using var back = await FakeCoordinator.StartAsync(port);
        await Eventually.TrueAsync(async () => (await gateway.PostAsync("/library/books", "{}")).Status == 200, TimeSpan.FromSeconds(10), "the coordinator is back");
    }

    [Theory]
    [InlineData("GET", "/library/books/7", null, 200)]
    [InlineData("POST", "/library/books", """{"operationId":"x"}""", 200)]
    [InlineData("POST", "/library/books", "{}", 503)]
    public async Task Call_UnavailableAfterItArrived_GoesOnOnlyWhereItIsRepeatable(string verb, string path, string? body, int status)
    {
        await using var unwell = await FakeCoordinator.StartAsync();
        foreach (var method in (string[])["Get", "Create"])
        {
            unwell.Refuse(method, FakeCoordinator.Refusal(StatusCode.Unavailable, "OUTCOME_UNKNOWN", "it may have been done"));
        }

        await using var gateway = await RunningGateway.StartAsync(options => options.Coordinators = [unwell.Address, .. options.Coordinators]);
        var statuses = new List<int> { (await gateway.SendAsync(new(verb), path, body)).Status, (await gateway.SendAsync(new(verb), path, body)).Status };
        Assert.Contains(status, statuses);
        Assert.NotEmpty(unwell.Asked);
        Assert.Contains(200, statuses);
    }

    [Fact]
    public async Task Caller_WhoLeaves_CancelsTheCall()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var (began, ended) = (new TaskCompletionSource(), new TaskCompletionSource());
        gateway.Coordinator.OnAsync("Get", async (request, context) =>
        {
            context.CancellationToken.Register(ended.SetResult);
            began.SetResult();
            await ended.Task;
            return request;
        });
        using var leaves = new CancellationTokenSource();
        var call = gateway.Http.GetAsync(new Uri("/library/books/7", UriKind.Relative), leaves.Token);
        await began.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await leaves.CancelAsync();
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task Caller_WhoLeavesAmidTheBody_IsNoFailure()
    {
        await using var gateway = await RunningGateway.StartAsync();
        for (var i = 0; i < 200; i++)
        {
            using var client = new System.Net.Sockets.TcpClient { LingerState = new(true, 0) };
            await client.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
            await client.GetStream().WriteAsync("POST /library/books HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"u8.ToArray());
            // Once it is asked for the body, the gateway waits for it.
            Assert.NotEqual(-1, client.GetStream().ReadByte());
        }

        Assert.Equal(200, (await gateway.GetAsync("/library/books/7")).Status);
        await gateway.StopAsync();
        Assert.DoesNotContain(gateway.Log.All, line => line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Warning", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stop_WithACallThatWaits_AnswersThatItMayBeTriedAgain()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var began = new TaskCompletionSource();
        gateway.Coordinator.OnAsync("Get", async (request, context) =>
        {
            began.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
            return request;
        });
        var call = gateway.GetAsync("/library/books/7");
        await began.Task.WaitAsync(TimeSpan.FromSeconds(10));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await gateway.StopAsync();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal(503, (await call).Status);
    }
}
