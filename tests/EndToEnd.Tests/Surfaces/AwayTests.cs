using Coordinator.Testing;
using EndToEnd.Tests.Harness;

namespace EndToEnd.Tests.Surfaces;

/// <summary>A gateway whose coordinator is not there says so on every surface, and when to come again.</summary>
public sealed class AwayTests : IAsyncLifetime
{
    private GatewayProcess _gateway = null!;

    public async Task InitializeAsync() => _gateway = await GatewayProcess.StartAsync(new[] { new Uri($"http://127.0.0.1:{FreePort.Next()}") });

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Theory]
    [InlineData("/api/agents/runs/2489e9ad-2ee2-8e00-8ec9-32d5f69181c0/events", """{"worker_id":"example"}""", "\"code\":\"UNAVAILABLE\"")]
    [InlineData("/v1/workers/wrk_01hzzzzzzzzzzzzzzzzzzzzzzz/activity-heartbeat", """{"isActiveRecently":true}""", "\"error\":")]
    [InlineData("/v1/tunnels/my-app.example.com/heartbeat", null, "\"code\":")]
    public async Task AnySurface_CoordinatorAway_Is503WithRetryAfter(string path, string? body, string says)
    {
        using var rest = new Rest(_gateway.Address, CoordinatorProcess.Token);
        var answer = await rest.SendAsync(HttpMethod.Post, path, body);
        Assert.Equal(503, (int)answer.Status);
        Assert.Matches("^[1-9][0-9]*$", answer.Headers["Retry-After"]);
        Assert.Equal("application/json", answer.Headers["Content-Type"]);
        Assert.Contains(says, answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_CoordinatorAway_Is503()
    {
        using var rest = new Rest(_gateway.Address, null);
        Assert.Equal(503, (int)(await rest.GetAsync("/healthz")).Status);
    }
}
