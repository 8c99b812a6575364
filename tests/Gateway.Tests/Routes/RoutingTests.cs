using Gateway.Tests.Harness;

namespace Gateway.Tests.Routes;

/// <summary>From the request's line to the method and the fields of its message, over real sockets.</summary>
public sealed class RoutingTests : GatewayTests
{
    [Theory]
    [InlineData("GET", "/library/books/7", "Get", """{ "id": "7" }""")]
    [InlineData("GET", "/library/books/first", "GetLiteral", "{ }")]
    [InlineData("GET", "/library/books/First", "Get", """{ "id": "First" }""")]
    [InlineData("GET", "/library/shelves/a/books/b", "Get", """{ "name": "shelves/a/books/b" }""")]
    [InlineData("GET", "/library/authors/Ann/book", "Get", """{ "author": { "name": "Ann" } }""")]
    [InlineData("GET", "/library/anything/pages/12", "Get", """{ "pages": "12" }""")]
    [InlineData("GET", "/library/files/a/b/c.txt", "Read", """{ "name": "a/b/c.txt" }""")]
    [InlineData("GET", "/library/files/a", "Read", """{ "name": "a" }""")]
    [InlineData("GET", "/library/all/a/b", "ReadAll", "{ }")]
    [InlineData("POST", "/library/books/7:archive", "Archive", """{ "id": "7" }""")]
    [InlineData("DELETE", "/library/books/7", "Delete", """{ "id": "7" }""")]
    [InlineData("LEND", "/library/books/7", "Lend", """{ "id": "7" }""")]
    [InlineData("GET", "/library/books/7:archive", "Get", """{ "id": "7:archive" }""")]
    [InlineData("GET", "/library/books/a%2Fb%20c%25", "Get", """{ "id": "a/b c%" }""")]
    [InlineData("GET", "/library/books/a%252fb", "Get", """{ "id": "a%2fb" }""")]
    [InlineData("GET", "/library/books/a+b", "Get", """{ "id": "a+b" }""")]
    [InlineData("GET", "/library/books/%C3%A9", "Get", """{ "id": "é" }""")]
    [InlineData("GET", "/library/books/%0d%0a", "Get", """{ "id": "\r\n" }""")]
    [InlineData("GET", "/library/books/..", "Get", """{ "id": ".." }""")]
    [InlineData("GET", "/library/b%6Foks/7", "Get", """{ "id": "7" }""")]
    [InlineData("GET", "/library/shelves/a%2Fb/books/c", "Get", """{ "name": "shelves/a%2Fb/books/c" }""")]
    [InlineData("GET", "http://elsewhere/library/books/7", "Get", """{ "id": "7" }""")]
    public async Task Path_OfEveryProduction_ReachesItsMethod(string verb, string target, string method, string request)
    {
        var host = Uri.TryCreate(target, UriKind.Absolute, out var uri) && uri.Host.Length > 0 ? uri.Host : "a";
        var answer = await Gateway.RawAsync($"{verb} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.Equal(method, Coordinator.Last.Method);
        Assert.Equal(request, Coordinator.Last.Request.ToString());
    }

    [Theory]
    [InlineData("GET", "/library/books/", 404)]
    [InlineData("GET", "/library/books/7/", 404)]
    [InlineData("GET", "/Library/books/7", 404)]
    [InlineData("GET", "//library/books/7", 404)]
    [InlineData("GET", "/library//7", 404)]
    [InlineData("GET", "/", 404)]
    [InlineData("GET", "/gateway.tests.v1.Library/Hidden", 404)]
    [InlineData("GET", "/library/files/", 404)]
    [InlineData("GET", "/library/books/%zz", 400)]
    [InlineData("GET", "/library/books/%2", 400)]
    [InlineData("GET", "/library/books/%ff", 400)]
    [InlineData("GET", "/library/books?name=%zz", 400)]
    [InlineData("GET", "/library/anything/pages/twelve", 400)]
    [InlineData("POST", "/library/books/7", 405)]
    [InlineData("HEAD", "/library/books/7", 405)]
    [InlineData("OPTIONS", "/library/books/7", 405)]
    [InlineData("OPTIONS", "*", 404)]
    [InlineData("get", "/library/books/7", 405)]
    public async Task Path_OfNoMethod_IsRefused(string verb, string target, int status)
    {
        var answer = await Gateway.RawAsync($"{verb} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Coordinator.Asked, asked => asked.Method != "Check");
    }

    [Fact]
    public async Task Path_WithAnotherMethod_NamesThoseItHas()
    {
        var answer = await Gateway.PostAsync("/library/books/7", "{}");
        Assert.Equal(405, answer.Status);
        Assert.Equal("DELETE, GET, LEND, PATCH, PUT", answer.Header("Allow"));
    }

    [Theory]
    [InlineData("id=7&name=a+b%20c", """{ "id": "7", "name": "a b c" }""")]
    [InlineData("author.firstName=A&author.teacher.first_name=B", """{ "author": { "firstName": "A", "teacher": { "firstName": "B" } } }""")]
    [InlineData("tags=a&tags=b&tags=", """{ "tags": [ "a", "b", "" ] }""")]
    [InlineData("kind=KIND_POEM&kinds=1&kinds=KIND_POEM", """{ "kind": "KIND_POEM", "kinds": [ "KIND_NOVEL", "KIND_POEM" ] }""")]
    [InlineData("pages=9007199254740993&lent=true&year=0", """{ "pages": "9007199254740993", "lent": true, "year": 0 }""")]
    [InlineData("weight=1.5&thickness=2.5&delta=-3", """{ "weight": 1.5, "thickness": 2.5, "delta": -3 }""")]
    [InlineData("cover=_-8&printedAt=2026-01-02T03:04:05Z&loan=1.5s", """{ "cover": "/+8=", "printedAt": "2026-01-02T03:04:05Z", "loan": "1.500s" }""")]
    [InlineData("copies=3&shelf=a&operation_id=x", """{ "copies": "3", "operationId": "x", "shelf": "a" }""")]
    [InlineData("operationId=x&unknown=1&author=x&extra=x&id=", """{ "operationId": "x" }""")]
    [InlineData("id=a&id=b&&=", """{ "id": "b" }""")]
    public async Task Query_OfEveryType_FillsItsField(string query, string request)
    {
        Assert.Equal(200, (await Gateway.GetAsync($"/library/books?{query}")).Status);
        Assert.Equal(request, Coordinator.Last.Request.ToString());
    }

    [Theory]
    [InlineData("pages=", "pages", "Invalid input: expected number, received string")]
    [InlineData("pages=1.5", "pages", "Invalid input: expected int, received number")]
    [InlineData("pages=9223372036854775808", "pages", "Too big: expected number to be <=9223372036854775807")]
    [InlineData("year=10000", "year", "Too big: expected number to be <=9999")]
    [InlineData("year=NaN", "year", "Invalid input: expected number, received string")]
    [InlineData("lent=1", "lent", "Invalid input: expected boolean, received string")]
    [InlineData("kind=POEM", "kind", "Invalid option: expected one of \"KIND_UNSPECIFIED\"|\"KIND_NOVEL\"|\"KIND_POEM\"")]
    [InlineData("author.name=", "author.name", "Too small: expected string to have >=1 characters")]
    [InlineData("ISBN=x", "ISBN", "Invalid UUID")]
    public async Task Query_OfTheWrongType_IsNamed(string query, string path, string message)
    {
        var answer = await Gateway.GetAsync($"/library/books?{query}");
        Assert.Equal(400, answer.Status);
        using var json = System.Text.Json.JsonDocument.Parse(answer.Body);
        var violation = json.RootElement.GetProperty("error").GetProperty("violations")[0];
        Assert.Equal((path, message), (violation.GetProperty("path").GetString()!, violation.GetProperty("message").GetString()!));
    }

    [Fact]
    public async Task EmptySegment_WhereItIsAValue_IsOne()
    {
        Assert.Equal(405, (await Gateway.GetAsync("/v1/tunnels//heartbeat")).Status);
        Assert.Equal(200, (await Gateway.PostAsync("/v1/tunnels//heartbeat", "")).Status);
        Assert.Equal("{ }", Coordinator.Last.Request.ToString());
    }
}
