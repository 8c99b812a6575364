using Coordinator.V1;
using EndToEnd.Tests.Harness;
using Grpc.Core;

namespace EndToEnd.Tests;

/// <summary>Limits over coordinators as their own processes.</summary>
public sealed class LimitTests
{
    private const string Gateway = "the gateway's own";
    private static readonly AccessCheckRequest Report = new() { Method = "/coordinator.v1.Runs/Report" };
    private static readonly AccessCheckRequest Heartbeat = new() { Method = "/coordinator.v1.Tunnels/Heartbeat" };

    [Fact] // S5: of both coordinators together, and of both addresses of one subscriber
    public async Task Reports_Over600InAMinuteAtTwoCoordinators_AreRefused()
    {
        await using var store = await TestStore.StartAsync("redis");
        await using var one = await store.CoordinatorAsync("--gateway-token", Gateway);
        await using var other = await store.CoordinatorAsync("--gateway-token", Gateway);
        var checks = await InOneWindowAsync(attempt => Enumerable.Range(0, 601).Select(i =>
            CheckAsync(i % 2 == 0 ? one : other, Report, Through($"2001:db8:0:{attempt}::{i:x}"))));
        Assert.Single(checks, check => check.Status == StatusCode.ResourceExhausted);
        Assert.Equal(600, checks.Count(check => check.Status == StatusCode.OK));
        Assert.Equal(Enumerable.Range(0, 600), checks.Where(check => check.Status == StatusCode.OK).Select(check => check.Remaining).Order());
        Assert.All(checks, check => Assert.Equal(600, check.Limit));
    }

    [Fact]
    public async Task Tunnels_Over100InAMinuteOfOneToken_AreRefused()
    {
        await using var coordinator = await CoordinatorProcess.StartAsync(null, "--gateway-token", Gateway);
        var checks = await InOneWindowAsync(attempt => Enumerable.Range(0, 101).Select(i =>
        {
            var headers = Through($"192.0.2.{i}");
            headers[0] = new("authorization", $"Bearer unknown-{attempt}");
            return CheckAsync(coordinator, Heartbeat, headers);
        }));
        Assert.Single(checks, check => check.Status == StatusCode.ResourceExhausted);
        Assert.Equal(100, checks.Count(check => check.Status == StatusCode.Unauthenticated));
    }

    [Fact] // S5: without the gateway's token the header is nobody's word
    public async Task ClientAddress_WithoutTheGatewaysToken_ChangesNothing()
    {
        await using var coordinator = await CoordinatorProcess.StartAsync(null, "--rate-limit-runs", "5");
        var refused = 0;
        // Two windows at most: in one of them more than five of these are counted.
        for (var i = 0; i < 12; i++)
        {
            var headers = Through($"192.0.2.{i}");
            refused += (await CheckAsync(coordinator, Report, headers)).Status == StatusCode.ResourceExhausted ? 1 : 0;
        }

        Assert.True(refused > 0, "Every call was counted as another client's.");
    }

    [Fact]
    public async Task Exempt_Range_IsNotCounted()
    {
        await using var coordinator = await CoordinatorProcess.StartAsync(null, "--rate-limit-runs", "1", "--rate-limit-exempt", "::1/128", "--rate-limit-exempt", "127.0.0.0/8");
        var checks = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => CheckAsync(coordinator, Report, CoordinatorProcess.Headers)));
        Assert.All(checks, check => Assert.Equal((StatusCode.OK, null), (check.Status, check.Limit)));
    }

    [Theory]
    [InlineData("--rate-limit-runs must be 0 to 1000000.", "--rate-limit-runs", "-1")]
    [InlineData("--rate-limit-tunnels must be 0 to 1000000.", "--rate-limit-tunnels", "1000001")]
    [InlineData("--rate-limit-exempt must be an address range", "--rate-limit-exempt", "everybody")]
    [InlineData("--rate-limit-exempt must be an address range", "--rate-limit-exempt", "10.0.0.0/33")]
    public async Task Options_OutOfBounds_AreOneSentenceAndExit1(string says, params string[] arguments)
    {
        await using var program = ProgramProcess.Dotnet(Repository.Program("src/Coordinator", "Coordinator"), ["--grpc-port", "0", "--token", "t", .. arguments]);
        Assert.Equal(1, await program.ExitAsync(TimeSpan.FromSeconds(30)));
        Assert.StartsWith($"coordinator: {says}", Assert.Single(program.Lines), StringComparison.Ordinal);
    }

    // A minute may end among the calls: then they were not of one window, and are made again by clients that were not seen before.
    private static async Task<Check[]> InOneWindowAsync(Func<int, IEnumerable<Task<Check>>> calls)
    {
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            var checks = await Task.WhenAll(calls(attempt));
            if (checks.Max(check => check.Reset) - checks.Min(check => check.Reset) < 30)
            {
                return checks;
            }
        }

        throw new TimeoutException("The calls took longer than a minute, three times.");
    }

    private static Metadata Through(string client)
    {
        var headers = CoordinatorProcess.Headers;
        headers.Add("x-gateway-token", Gateway);
        headers.Add("x-client-address", client);
        return headers;
    }

    private static async Task<Check> CheckAsync(CoordinatorProcess coordinator, AccessCheckRequest request, Metadata headers)
    {
        using var call = new Access.AccessClient(coordinator.Channel).CheckAsync(request, headers);
        try
        {
            await call;
            return Seen(StatusCode.OK, await call.ResponseHeadersAsync);
        }
        catch (RpcException refused)
        {
            // Of a failure inside a handler they come ahead of it, of one before it with it.
            var told = await call.ResponseHeadersAsync;
            return Seen(refused.StatusCode, told.GetValue("x-limit") is null ? refused.Trailers : told);
        }
    }

    private static Check Seen(StatusCode status, Metadata headers)
    {
        int? Number(string name) =>
            headers.GetValue(name) is { } value ? int.Parse(value, System.Globalization.CultureInfo.InvariantCulture) : null;
        return new(status, Number("x-limit"), Number("x-limit-remaining") ?? -1, Number("x-limit-reset") ?? -1);
    }

    private sealed record Check(StatusCode Status, int? Limit, int Remaining, int Reset);
}
