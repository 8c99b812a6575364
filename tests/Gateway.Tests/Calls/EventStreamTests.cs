using Coordinator.Testing;
using Gateway.Tests.Harness;
using Gateway.Tests.V1;
using Google.Protobuf;
using Grpc.Core;
using System.Net.Http.Headers;

namespace Gateway.Tests.Calls;

/// <summary>Server streams as Server-Sent Events.</summary>
public sealed class EventStreamTests : GatewayTests
{
    private static readonly (string, string) Accept = ("Accept", "text/event-stream");

    private static Line Line(int number, string text) => new() { Number = number, Text = ByteString.CopyFromUtf8(text) };

    [Fact]
    public async Task Stream_OfBatches_IsOneEventEach()
    {
        Coordinator.OnStream("Feed", async (_, writer, _) =>
        {
            await writer.WriteAsync(new FeedPage { Lines = { Line(1, "{\"a\":\r\n1}"), Line(2, "\"\\n\"") } });
            await writer.WriteAsync(new FeedPage());
            await writer.WriteAsync(new FeedPage { Lines = { Line(3, "[]") } });
        });
        var answer = await Gateway.SendAsync(HttpMethod.Get, "/library/feed", headers: [Accept, ("Last-Event-ID", "41")]);
        Assert.Equal((200, "text/event-stream"), (answer.Status, answer.Header("content-type")));
        Assert.Equal("id: 1\ndata: {\"number\":1,\"text\":{\"a\":  1}}\n\nid: 2\ndata: {\"number\":2,\"text\":\"\\n\"}\n\nid: 3\ndata: {\"number\":3,\"text\":[]}\n\n", answer.Body);
        Assert.Equal(41, Book.Pages);
    }

    [Theory]
    [InlineData(null, "Page")]
    [InlineData("*/*", "Page")]
    [InlineData("application/json", "Page")]
    [InlineData("text/event-stream", "Feed")]
    [InlineData("text/html, Text/Event-Stream;q=0.5", "Feed")]
    [InlineData("text/event-stream;q=0", "Page")]
    public async Task Accept_ChoosesBetweenPageAndStream(string? accept, string method)
    {
        await Gateway.SendAsync(HttpMethod.Get, "/library/feed", headers: accept is null ? [] : [("Accept", accept)]);
        Assert.Equal(method, Coordinator.Last.Method);
    }

    [Fact]
    public async Task Stream_WithoutAPageAtItsPath_IsOneForAnybody()
    {
        Coordinator.OnStream("Whole", (_, writer, _) => writer.WriteAsync(Line(1, "1")));
        var answer = await Gateway.GetAsync("/library/whole");
        Assert.Equal("data: {\"number\":1,\"text\":1}\n\n", answer.Body);
    }

    [Fact]
    public async Task LastEventId_ThatIsNone_IsRefused() =>
        Assert.Equal(400, (await Gateway.SendAsync(HttpMethod.Get, "/library/feed", headers: [Accept, ("Last-Event-ID", "x")])).Status);

    [Fact]
    public async Task Stream_RefusedAtOnce_IsAnOrdinaryFailure()
    {
        Coordinator.Refuse("Feed", FakeCoordinator.Refusal(StatusCode.NotFound, "GONE", "It is gone."));
        var answer = await Gateway.SendAsync(HttpMethod.Get, "/library/feed", headers: Accept);
        Assert.Equal((404, """{"error":{"code":"GONE","message":"It is gone."}}"""), (answer.Status, answer.Body));
        Assert.Equal("application/json", answer.Header("content-type"));
    }

    [Fact]
    public async Task Stream_ThatFailsLater_EndsWithAnErrorEvent()
    {
        Coordinator.OnStream("Feed", async (_, writer, _) =>
        {
            await writer.WriteAsync(new FeedPage { Lines = { Line(1, "1") } });
            throw FakeCoordinator.Refusal(StatusCode.OutOfRange, "CURSOR_TRIMMED", "It was trimmed.");
        });
        var answer = await Gateway.SendAsync(HttpMethod.Get, "/library/feed", headers: Accept);
        Assert.Equal("id: 1\ndata: {\"number\":1,\"text\":1}\n\nevent: error\ndata: {\"error\":{\"code\":\"CURSOR_TRIMMED\",\"message\":\"It was trimmed.\"}}\n\n", answer.Body);
    }

    [Fact]
    public async Task Stream_ThatIsQuiet_BeginsAndEndsWithItsReader()
    {
        var ended = new TaskCompletionSource();
        Coordinator.OnStream("Feed", async (_, _, context) =>
        {
            context.CancellationToken.Register(ended.SetResult);
            await context.WriteResponseHeadersAsync([]);
            await ended.Task;
        });
        using (var response = await OpenAsync())
        {
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
            Assert.False(ended.Task.IsCompleted);
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Stream_ThatIsQuiet_IsKeptAlive()
    {
        var time = new ManualTime();
        await using var gateway = await RunningGateway.StartAsync(time: time);
        gateway.Coordinator.OnStream("Feed", async (_, writer, context) =>
        {
            await writer.WriteAsync(new FeedPage { Lines = { Line(1, "1") } });
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
        });
        using var response = await OpenAsync(gateway);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var lines = new List<string>();
        while (lines.Count < 9)
        {
            var line = reader.ReadLineAsync();
            await Eventually.TrueAsync(
                bool () =>
                {
                    // Time passes only while nothing comes.
                    time.Advance(TimeSpan.FromSeconds(1));
                    return line.IsCompleted;
                },
                TimeSpan.FromSeconds(10),
                "another line");
            lines.Add(await line ?? "the end");
        }

        Assert.Equal(["id: 1", "data: {\"number\":1,\"text\":1}", "", ": keep-alive", "", ": keep-alive", "", ": keep-alive", ""], lines);
    }

    [Fact]
    public async Task Stop_EndsStreamsInOrder()
    {
        Coordinator.OnStream("Feed", async (_, writer, context) =>
        {
            await writer.WriteAsync(new FeedPage { Lines = { Line(1, "1") } });
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
        });
        using var response = await OpenAsync();
        var body = response.Content.ReadAsStringAsync();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await Gateway.StopAsync();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(4));
        Assert.Equal("id: 1\ndata: {\"number\":1,\"text\":1}\n\n", await body);
    }

    private Task<HttpResponseMessage> OpenAsync() => OpenAsync(Gateway);

    private static async Task<HttpResponseMessage> OpenAsync(RunningGateway gateway)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/library/feed");
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("text/event-stream"));
        return await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(TimeSpan.FromSeconds(10));
    }
}
