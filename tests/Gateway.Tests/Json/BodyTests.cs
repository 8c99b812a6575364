using Gateway.Tests.Harness;
using Gateway.Tests.V1;
using Google.Protobuf;
using System.Text.Json;

namespace Gateway.Tests.Json;

/// <summary>JSON to a message and back, over real sockets: the fake answers with what it was asked.</summary>
public sealed class BodyTests : GatewayTests
{
    [Theory]
    [InlineData("""{"name":"a\u0000\ud83d\ude00é","pages":"9223372036854775807","tags":["a",""],"kind":"KIND_POEM","kinds":[1,"KIND_POEM"]}""")]
    [InlineData("""{"pages":-9223372036854775808,"big":18446744073709551615,"stamp":"18446744073709551615","delta":-2147483648,"box":4294967295}""")]
    [InlineData("""{"weight":1.5e300,"thickness":1.5,"cover":"_-8","printedAt":"2026-01-02T03:04:05.999Z","loan":"-1.5s","copies":"3"}""")]
    [InlineData("""{"extra":{"a":[1,null,{"b":true}]},"any":[1.5,"x"],"shelves":{"a":1,"":2},"editors":{"-1":{"name":"E"}}}""")]
    [InlineData("""{"year":0,"shelf":"","author":{"name":"A","teacher":{"name":"B","firstName":"C"}},"authors":[{"name":"C"},{"name":"D"}],"soldAt":"0000-01-01T00:00Z"}""")]
    public async Task Message_OfEveryType_ReadsBackAsItWasWritten(string body)
    {
        // An empty ISBN is none, so it would not be read back.
        var first = await Gateway.PostAsync("/library/books", "{\"ISBN\":\"0190a3f0-0000-7000-8000-000000000001\"," + body[1..]);
        Assert.True(first.Status == 200, first.Body);
        var asked = Book;
        var second = await Gateway.PostAsync("/library/books", first.Body);
        Assert.True(second.Status == 200, second.Body);
        Assert.Equal(first.Body, second.Body);
        asked.PrintedAt = Book.PrintedAt;
        Assert.Equal(asked, Book);
    }

    [Fact]
    public async Task Message_WithNothing_WritesWhatHasNoPresence()
    {
        var answer = await Gateway.PostAsync("/library/books", "{}");
        Assert.Equal(
            """{"id":"","name":"","pages":"0","tags":[],"kind":"KIND_UNSPECIFIED","kinds":[],"lent":false,"year":null,"weight":0,"thickness":0,"cover":"","printedAt":null,"shelves":{},"editors":{},"big":0,"soldAt":"1970-01-01T00:00:00.000Z","operationId":"","ISBN":"","authors":[],"delta":0,"stamp":"0","raws":[]}""",
            answer.Body);
    }

    [Fact]
    public async Task RawJson_PassesThroughUntouched()
    {
        const string Raw = """{ "b" : 1.10, "a":[ 9007199254740993, "\ud800", null ], "a":1e400 }""";
        var answer = await Gateway.PostAsync("/library/books", $$"""{"raw":{{Raw}},"rawObject":{{Raw}},"raws":[1.0,{{Raw}},null]}""");
        Assert.Equal(Raw, Book.Raw.ToStringUtf8());
        Assert.Contains($"\"raw\":{Raw},\"rawObject\":{Raw}", answer.Body, StringComparison.Ordinal);
        Assert.Contains($"\"raws\":[1.0,{Raw},null]", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RawJson_ThatIsNone_IsShownAsBytes()
    {
        Coordinator.On("Create", (_, _) => new Book { Raw = ByteString.CopyFrom(0xff, 0x7b), RawObject = ByteString.CopyFromUtf8("{} {}") });
        using var json = JsonDocument.Parse((await Gateway.PostAsync("/library/books", "{}")).Body);
        Assert.Equal("/3s=", json.RootElement.GetProperty("raw").GetString());
        Assert.Equal("e30ge30=", json.RootElement.GetProperty("rawObject").GetString());
    }

    [Theory]
    [InlineData("""{"pages":1.5}""", "pages", "Invalid input: expected int, received number")]
    [InlineData("""{"pages":9223372036854775808}""", "pages", "Too big: expected number to be <=9223372036854775807")]
    [InlineData("""{"pages":1e999999999}""", "pages", "Too big: expected number to be <=9223372036854775807")]
    [InlineData("""{"pages":0.00000000000000000000000000000000001}""", "pages", "Invalid input: expected int, received number")]
    [InlineData("""{"pages":"1.0"}""", "pages", "Invalid input: expected number, received string")]
    [InlineData("""{"big":"1"}""", "big", "Invalid input: expected number, received string")]
    [InlineData("""{"big":-1}""", "big", "Too small: expected number to be >=0")]
    [InlineData("""{"name":null}""", "name", "Invalid input: expected string, received null")]
    [InlineData("""{"name":"\ud800"}""", "name", "Invalid input: expected string, received half of a surrogate pair")]
    [InlineData("""{"tags":"a"}""", "tags", "Invalid input: expected array, received string")]
    [InlineData("""{"tags":["a",1]}""", "tags.1", "Invalid input: expected string, received number")]
    [InlineData("""{"author":[]}""", "author", "Invalid input: expected object, received array")]
    [InlineData("""{"author":{"teacher":{"name":""}}}""", "author.teacher.name", "Too small: expected string to have >=1 characters")]
    [InlineData("""{"author":{"name":"xxxxxxxxxxxxxxxxxxxxx"}}""", "author.name", "Too big: expected string to have <=20 characters")]
    [InlineData("""{"authors":[{},{},{},{}]}""", "authors", "Too big: expected array to have <=3 items")]
    [InlineData("""{"editors":{"x":{}}}""", "editors.x", "Invalid input: expected number, received string")]
    [InlineData("""{"shelves":[]}""", "shelves", "Invalid input: expected object, received array")]
    [InlineData("""{"extra":[]}""", "extra", "Invalid input: expected object, received array")]
    [InlineData("""{"rawObject":[]}""", "rawObject", "Invalid input: expected object, received array")]
    [InlineData("""{"cover":"!"}""", "cover", "Invalid base64-encoded string")]
    [InlineData("""{"loan":"1"}""", "loan", "Invalid duration")]
    [InlineData("""{"printedAt":"0000-01-01T00:00:00Z"}""", "printedAt", "Invalid ISO datetime")]
    [InlineData("""{"thickness":1e39}""", "thickness", "Too big: expected number to be within 3.4028234663852886E+38")]
    [InlineData("""{"lent":"true"}""", "lent", "Invalid input: expected boolean, received string")]
    [InlineData("""{"kind":"x"}""", "kind", "Invalid option: expected one of \"KIND_UNSPECIFIED\"|\"KIND_NOVEL\"|\"KIND_POEM\"")]
    public async Task Value_OfTheWrongType_IsNamed(string body, string path, string message)
    {
        var answer = await Gateway.PostAsync("/library/books", body);
        Assert.Equal(400, answer.Status);
        using var json = JsonDocument.Parse(answer.Body);
        var violation = json.RootElement.GetProperty("error").GetProperty("violations")[0];
        Assert.Equal((path, message), (violation.GetProperty("path").GetString()!, violation.GetProperty("message").GetString()!));
    }

    [Theory]
    [InlineData("""{"id":"a","id":"b"}""", "b")]
    [InlineData("""{"id":"a","ID":"b","__proto__":{"x":1},"operation_id":5}""", "a")]
    [InlineData("""{"\u0069d":"a","\ud800":1}""", "a")]
    [InlineData("""{"pages":1.0,"id":"a"}""", "a")]
    [InlineData("""{"pages":10e-1,"id":"a"}""", "a")]
    public async Task Names_TwiceUnknownOrEscaped_AreReadAsJavaScriptDoes(string body, string id)
    {
        Assert.Equal(200, (await Gateway.PostAsync("/library/books", body)).Status);
        Assert.Equal(id, Book.Id);
    }

    [Fact]
    public async Task Bodies_OfOneField_FillItAlone()
    {
        var replaced = await Gateway.SendAsync(HttpMethod.Put, "/library/books/7?name=n&author.name=no", """{"name":"A"}""");
        Assert.Equal((200, """{"name":"A","firstName":""}"""), (replaced.Status, replaced.Body));
        Assert.Equal(new Book { Id = "7", Name = "n", Author = new() { Name = "A" } }, Book);
        var changed = await Gateway.SendAsync(HttpMethod.Patch, "/library/books/7", """["a","b"]""");
        Assert.Equal((200, """["a","b"]"""), (changed.Status, changed.Body));
        var archived = await Gateway.PostAsync("/library/books/7:archive", """{"id":"8","name":"n"}""");
        Assert.StartsWith("""{"ok":true,"id":"7","name":"n",""", archived.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{}""", "key", "key")]
    [InlineData("""{"operationId":"mine"}""", "key", "mine")]
    [InlineData("""{"operationId":""}""", "key", "key")]
    public async Task IdempotencyKey_WhereTheBodyHasNone_IsTheOperation(string body, string key, string operation)
    {
        await Gateway.SendAsync(HttpMethod.Post, "/library/books", body, headers: ("Idempotency-Key", key));
        Assert.Equal(operation, Book.OperationId);
    }

    [Fact]
    public async Task IdempotencyKey_TooLong_IsRefused() =>
        Assert.Equal(400, (await Gateway.SendAsync(HttpMethod.Post, "/library/books", "{}", headers: ("Idempotency-Key", new string('x', 129)))).Status);
}
