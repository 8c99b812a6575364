using Coordinator.Gateway;
using Gateway.Tests.Harness;
using Gateway.Tests.V1;
using System.ComponentModel.DataAnnotations;

namespace Gateway.Tests.Calls;

/// <summary>Fields that the gateway fills, and answers within a template.</summary>
public sealed class FillingTests : GatewayTests
{
    private Visit Visit => Assert.IsType<Visit>(Coordinator.Last.Request);

    [Theory]
    [InlineData("a", "ws://a")]
    [InlineData("a:8080", "ws://a:8080")]
    [InlineData("[::1]:8080", "ws://[::1]:8080")]
    [InlineData("EXAMPLE.com:80", "ws://example.com")]
    [InlineData("", "ws://127.0.0.1:PORT")]
    public async Task Origin_OfARequest_IsItsHost(string host, string origin)
    {
        await Gateway.RawAsync($"GET /library/visits HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        Assert.Equal(origin.Replace("PORT", $"{Gateway.Address.Port}", StringComparison.Ordinal), Visit.Origin);
        Assert.Equal("127.0.0.1", Visit.Reader);
    }

    [Theory]
    [InlineData("a$b")]
    [InlineData("a!")]
    [InlineData("a:99999")]
    [InlineData("-")]
    [InlineData("a..b")]
    public async Task Origin_OfAHostThatIsNone_IsRefused(string host)
    {
        var answer = await Gateway.RawAsync($"GET /library/visits HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Coordinator.Asked, asked => asked.Method == "Enter");
    }

    [Theory]
    [InlineData("https://gateway.example.com", "wss://gateway.example.com")]
    [InlineData("http://gateway.example.com:8080/", "ws://gateway.example.com:8080")]
    public async Task Origin_WithAPublicUrl_IsThat(string url, string origin)
    {
        await using var gateway = await RunningGateway.StartAsync(options => options.PublicUrl = new(url));
        await gateway.GetAsync("/library/visits");
        Assert.Equal(origin, Assert.IsType<Visit>(gateway.Coordinator.Last.Request).Origin);
    }

    [Fact]
    public async Task Filled_FromOutside_IsPassedOver()
    {
        await Gateway.PostAsync("/library/visits?origin=x&reader=y", """{"origin":"ws://evil","reader":5}""");
        Assert.Equal(($"ws://{Gateway.Address.Authority}", "127.0.0.1"), (Visit.Origin, Visit.Reader));
        await Gateway.GetAsync("/library/visits?origin=x&reader=y");
        Assert.Equal(($"ws://{Gateway.Address.Authority}", "127.0.0.1"), (Visit.Origin, Visit.Reader));
    }

    [Theory]
    [InlineData("gateway.example.com")]
    [InlineData("ws://gateway.example.com")]
    [InlineData("https://gateway.example.com/path")]
    public void PublicUrl_ThatIsNone_StopsTheStart(string url)
    {
        var commandLine = new CommandLine();
        var fault = Assert.Throws<ValidationException>(() => commandLine.Read(commandLine.Root.Parse(["--public-url", url]), null));
        Assert.StartsWith($"--public-url: '{url}' is not an address", fault.Message, StringComparison.Ordinal);
        Assert.Equal(new("https://a"), commandLine.Read(commandLine.Root.Parse(["--public-url", "https://a"]), null).PublicUrl);
    }

    [Fact]
    public async Task Answer_WithATemplate_IsWrittenIntoIt()
    {
        Coordinator.OnAsync("Wrap", async (request, context) =>
        {
            await context.WriteResponseHeadersAsync(new() { { "shelf-mark", "A 7" }, { "other", "x" } });
            return request;
        });
        var whole = await Gateway.PostAsync("/library/wrapped", """{"id":"$"}""");
        Assert.StartsWith("""{"result": {"id":"$",""", whole.Body, StringComparison.Ordinal);
        Assert.EndsWith("""}, "$":"$$"}""", whole.Body, StringComparison.Ordinal);
        Assert.Equal(("A 7", null), (whole.Header("Shelf-Mark"), whole.Header("other")));
        Assert.Equal("""{"result": "7", "$":"$$"}""", (await Gateway.PostAsync("/library/wrapped/id", """{"id":"7"}""")).Body);
    }
}
