using Coordinator.Testing;
using Gateway.Tests.Harness;
using Grpc.Core;

namespace Gateway.Tests.Tails;

/// <summary>A tail as Server-Sent Events.</summary>
public sealed class TailEventsTests : TailTests
{
    private static readonly (string, string) Accept = ("Accept", "text/event-stream");

    [Theory]
    [InlineData(Path)]
    [InlineData($"/live-tails/{Capability}")]
    public async Task Tail_AsEvents_IsOneEachWithItsNumber(string path)
    {
        Tail.Send(42, """{"a":1}""", "{\"b\":\r\n2}");
        Tail.Close(1000, "tail deleted");
        var answer = await Gateway.SendAsync(HttpMethod.Get, path, headers: [Accept, ("Last-Event-ID", "41")]);
        Assert.Equal((200, "text/event-stream"), (answer.Status, answer.Header("content-type")));
        Assert.Equal("id: 42\ndata: {\"a\":1}\n\nid: 43\ndata: {\"b\":  2}\n\nevent: close\ndata: {\"code\":1000,\"reason\":\"tail deleted\"}\n\n", answer.Body);
        Assert.Equal((Capability, 41), (Tail.Requests.Single().Capability, Tail.Requests.Single().After));
    }

    [Fact]
    public async Task Coordinator_ThatStops_IsFollowedByAnother()
    {
        Tail.Send(1, "1");
        Tail.Close(1012, "stops");
        Tail.Send(2, "2");
        Tail.Close(4000, "tail expired");
        var answer = await Gateway.SendAsync(HttpMethod.Get, Path, headers: Accept);
        Assert.Equal("id: 1\ndata: 1\n\nid: 2\ndata: 2\n\nevent: close\ndata: {\"code\":4000,\"reason\":\"tail expired\"}\n\n", answer.Body);
        Assert.Equal([0, 1], Tail.Requests.Select(request => request.After));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("99999999999999999999")]
    public async Task LastEventId_ThatIsNone_IsRefused(string id)
    {
        var answer = await Gateway.SendAsync(HttpMethod.Get, Path, headers: [Accept, ("Last-Event-ID", id)]);
        Assert.Equal((400, """{"errors":[{"code":10010,"message":"Bad Request: Last-Event-ID is not the number of an event."}],"messages":[],"result":{},"success":false}"""), (answer.Status, answer.Body));
        Assert.Empty(Tail.Requests);
    }

    [Fact]
    public async Task Tail_ThatIsNobodys_IsNotFound()
    {
        Gateway.Coordinator.Refuse("Attach", FakeCoordinator.Refusal(StatusCode.NotFound, "TAIL_NOT_FOUND", "There is no such tail."));
        Assert.Equal(404, (await Gateway.SendAsync(HttpMethod.Get, Path, headers: Accept)).Status);
    }

    [Fact]
    public async Task Reader_ThatLeaves_EndsTheCall()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        using (await Gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Within))
        {
            Assert.Equal(0, Tail.Ended);
        }

        await EndedAsync();
    }

    [Fact]
    public async Task Stop_SaysThatItIsARestart()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var response = await Gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Within);
        var body = response.Content.ReadAsStringAsync();
        await Gateway.StopAsync();
        Assert.Equal("event: close\ndata: {\"code\":1012,\"reason\":\"the gateway stops\"}\n\n", await body.WaitAsync(Within));
    }
}
