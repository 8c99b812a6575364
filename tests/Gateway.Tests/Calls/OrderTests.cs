using Coordinator.V1;
using Gateway.Tests.Harness;
using Grpc.Core;

namespace Gateway.Tests.Calls;

/// <summary>What is told first: the fault of the input or that of the credential.</summary>
public sealed class OrderTests : GatewayTests
{
    [Theory]
    [InlineData("/library/books", "{", "application/json")]
    [InlineData("/library/books", """{"pages":"x"}""", "application/json")]
    [InlineData("/library/books", "a=b", "application/x-www-form-urlencoded")]
    public async Task BadInput_OfAStranger_IsToldNothingOfIt(string path, string body, string type)
    {
        Coordinator.Refuse("Check", FakeCoordinator.Refusal(StatusCode.Unauthenticated, "CREDENTIAL_MISSING"));
        Assert.Equal(401, (await Gateway.PostAsync(path, body, type)).Status);
        Assert.Equal("/gateway.tests.v1.Library/Create", Assert.IsType<AccessCheckRequest>(Coordinator.Last.Request).Method);
    }

    [Fact]
    public async Task BadInput_OfWhoMay_IsToldWithTheLimit()
    {
        Coordinator.OnAsync("Check", async (_, context) =>
        {
            await context.WriteResponseHeadersAsync(new() { { "x-limit", "5" } });
            return new AccessCheckResponse();
        });
        var answer = await Gateway.SendAsync(HttpMethod.Post, "/library/books", "{", headers: ("Authorization", "bearer  a token"));
        Assert.Equal(400, answer.Status);
        Assert.Equal("5", answer.Header("RateLimit-Limit"));
        Assert.Equal("Bearer a token", Coordinator.Last.Headers.GetValue("authorization"));
    }

    [Fact]
    public async Task BadInput_InputFirst_AsksNobody()
    {
        var answer = await Gateway.PostAsync("/library/demanding", "{");
        Assert.Equal(400, answer.Status);
        Assert.Empty(Coordinator.Asked);
    }

    [Fact]
    public async Task BadInput_CheckRefusesByRate_IsTheLimit()
    {
        Coordinator.Refuse("Check", FakeCoordinator.Refusal(StatusCode.ResourceExhausted, "RATE_LIMITED"));
        Assert.Equal(429, (await Gateway.PostAsync("/library/books", "{")).Status);
    }
}
