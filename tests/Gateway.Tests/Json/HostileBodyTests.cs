using Gateway.Tests.Harness;
using System.Text;

namespace Gateway.Tests.Json;

/// <summary>Bodies that are made to do harm: each is answered, and none ends the process.</summary>
public sealed class HostileBodyTests : GatewayTests
{
    [Theory]
    [InlineData("[", 12 << 10)]
    [InlineData("[", (1 << 20) - 1)]
    [InlineData("{\"any\":", 100_000)]
    [InlineData("{\"raw\":[", 40)]
    [InlineData("{\"author\":{\"teacher\":", 40)]
    public async Task Nesting_BeyondTheBound_IsMalformed(string opening, int times)
    {
        var answer = await Gateway.PostAsync("/library/books", string.Concat(Enumerable.Repeat(opening, times)));
        Assert.Equal(400, answer.Status);
        Assert.Contains("MALFORMED_JSON", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nesting_OfThirtyTwo_IsRead()
    {
        Assert.Equal(200, (await Gateway.PostAsync("/library/books", $"{{\"any\":{new string('[', 31)}{new string(']', 31)}}}")).Status);
        Assert.Equal(400, (await Gateway.PostAsync("/library/books", $"{{\"any\":{new string('[', 32)}{new string(']', 32)}}}")).Status);
    }

    [Theory]
    [InlineData("/library/small", 100, 101)]
    [InlineData("/library/books", 1 << 20, (1 << 20) + 1)]
    public async Task Size_OfTheBound_IsReadAndOneMoreIsNot(string path, int most, int more)
    {
        Assert.Equal(200, (await Gateway.PostAsync(path, "{}".PadRight(most))).Status);
        Assert.Equal(413, (await Gateway.PostAsync(path, "{}".PadRight(more))).Status);
    }

    [Fact]
    public async Task Size_FarBeyond_IsToldToWhoStillWrites()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(413, (await Gateway.PostAsync("/library/small", "{}".PadRight(3 << 20))).Status);
        }
    }

    [Fact]
    public async Task Size_ChunkByChunk_IsBoundedAlike()
    {
        using var content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes("{}".PadRight(101))));
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/library/small") { Content = content };
        request.Headers.TransferEncodingChunked = true;
        using var response = await Gateway.Http.SendAsync(request);
        Assert.Equal(413, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData(" ", 400)]
    [InlineData("{}", 200)]
    [InlineData("{},", 400)]
    [InlineData("{}{}", 400)]
    [InlineData("{\"a\":1,}", 400)]
    [InlineData("{/**/}", 400)]
    [InlineData("{'a':1}", 400)]
    [InlineData("\u0000", 400)]
    [InlineData("\uFEFF{}", 200)]
    [InlineData("\uFEFF\uFEFF{}", 400)]
    [InlineData("{\"pages\":01}", 400)]
    [InlineData("{\"pages\":+1}", 400)]
    [InlineData("{\"pages\":Infinity}", 400)]
    [InlineData("{\"name\":\"\t\"}", 400)]
    [InlineData("{\"name\":\"\\x\"}", 400)]
    public async Task Text_ThatIsNoJson_IsMalformed(string body, int status) =>
        Assert.Equal(status, (await Gateway.PostAsync("/library/demanding", body)).Status);

    [Theory]
    [InlineData("\"\u00ff\u00fe\"")]
    [InlineData("{\"name\":\"\u00c3\u0028\"}")]
    [InlineData("{\"name\":\"\u00ed\u00a0\u0080\"}")]
    [InlineData("{\"x\u00ff\":1}")]
    public async Task Octets_ThatAreNoText_AreMalformed(string body)
    {
        var answer = await Gateway.RawAsync($"POST /library/demanding HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("MALFORMED_JSON", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Type: application/json\r\nContent-Length: 0", "", 200)]
    [InlineData("Content-Length: 0", "", 200)]
    [InlineData("", "", 200)]
    [InlineData("Content-Type: text/plain\r\nContent-Length: 0", "", 200)]
    [InlineData("Content-Type: text/plain\r\nContent-Length: 2", "{}", 415)]
    [InlineData("Content-Length: 2", "{}", 200)]
    [InlineData("Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\nRange: bytes=0-1", "{}", 200)]
    [InlineData("Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X", "2\r\n{}\r\n0\r\nX: y\r\n\r\n", 200)]
    [InlineData("Content-Type: application/json\r\nTransfer-Encoding: chunked", "zz\r\n", 400)]
    [InlineData("Content-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3", "{}", 400)]
    [InlineData("Content-Type: application/json\r\nContent-Length: x", "{}", 400)]
    public async Task Framing_OfAnyKind_IsAnswered(string headers, string body, int status)
    {
        var lines = headers.Length > 0 ? headers + "\r\n" : "";
        var answer = await Gateway.RawAsync($"POST /library/books HTTP/1.1\r\nHost: a\r\n{lines}Connection: close\r\n\r\n{body}");
        Assert.Contains($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OtherContent_ByItsOption_IsReadOrCountsAsEmpty()
    {
        Assert.Equal(200, (await Gateway.PostAsync("/library/small", """{"id":"a"}""", "text/plain;charset=UTF-8")).Status);
        Assert.Equal("a", Book.Id);
        Assert.Equal(200, (await Gateway.PostAsync("/library/lenient", """{"id":"a"}""", "text/plain")).Status);
        Assert.Equal("", Book.Id);
    }

    [Fact]
    public async Task Violations_WithoutEnd_AreBounded()
    {
        var answer = await Gateway.PostAsync("/library/books", $"{{\"tags\":[{string.Join(',', Enumerable.Repeat("1", 100_000))}]}}");
        Assert.Equal(400, answer.Status);
        Assert.InRange(answer.Body.Length, 1, 20_000);
    }
}
