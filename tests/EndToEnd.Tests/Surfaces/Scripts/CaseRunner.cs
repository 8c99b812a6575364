using EndToEnd.Tests.Harness;
using System.Text;

namespace EndToEnd.Tests.Surfaces.Scripts;

/// <summary>Plays one case against a gateway, with names of its own.</summary>
internal sealed class CaseRunner(int port, Func<CaseRunner, string, Task<string>> make, string json = "application/json")
{
    private readonly Dictionary<string, string> _kept = [];

    public async Task PlayAsync(Case one)
    {
        foreach (var exchange in one.Exchanges)
        {
            var answer = await SendAsync(exchange);
            var fault = Fault(exchange, answer);
            Assert.True(fault is null, $"{one.Title}\n{exchange.Method} {exchange.Target} {exchange.Body}\n{fault}\nanswered {answer.Status} {string.Join("; ", answer.Headers)}\n{answer.Body}");
        }
    }

    /// <summary>What is kept under a name; made where nothing is yet.</summary>
    public async Task<string> KnownAsync(string name) =>
        _kept.TryGetValue(name, out var value) ? value : _kept[name] = await make(this, name);

    public void Keep(string name, string value) => _kept[name] = value;

    /// <summary>An exchange on the way to a case: it must succeed.</summary>
    public async Task<string> CallAsync(string method, string target, string? body = null, params string[] headers)
    {
        var answer = await SendAsync(new(method, target, headers, body, 200, [], null));
        Assert.True(answer.Status == 200, $"{method} {target} {body}\nanswered {answer.Status} {answer.Body}");
        return answer.Body;
    }

    private async Task<RawAnswer> SendAsync(Exchange exchange)
    {
        var headers = new List<string>();
        foreach (var header in exchange.Headers)
        {
            headers.Add(await Template.FillAsync(header, KnownAsync));
        }

        var body = exchange.Body is null ? null : Encoding.UTF8.GetBytes(await Template.FillAsync(exchange.Body, KnownAsync));
        await DefaultAsync(headers, "Authorization", async () => $"Bearer {await KnownAsync("token")}");
        if (body is not null)
        {
            await DefaultAsync(headers, "Content-Type", () => Task.FromResult(json));
        }

        return await RawHttp.SendAsync(port, exchange.Method, await Template.FillAsync(exchange.Target, KnownAsync), headers, body);
    }

    // "Name: -" leaves a header out that is sent by default.
    private static async Task DefaultAsync(List<string> headers, string name, Func<Task<string>> value)
    {
        if (headers.RemoveAll(header => header.Equals($"{name}: -", StringComparison.OrdinalIgnoreCase)) == 0
            && !headers.Any(header => header.StartsWith($"{name}:", StringComparison.OrdinalIgnoreCase)))
        {
            headers.Add($"{name}: {await value()}");
        }
    }

    private string? Fault(Exchange exchange, RawAnswer answer)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (answer.Status != exchange.Status)
        {
            return $"expected the status {exchange.Status}";
        }

        // Every answer of every surface is JSON, those to failures included.
        foreach (var header in exchange.AnswerHeaders.Append("content-type: application/json").DistinctBy(header => header.Split(':')[0]))
        {
            var parts = header.Split(": ", 2);
            if (Compare(parts[1], answer.Header(parts[0]), now) is { } wrong)
            {
                return $"header {parts[0]}: {wrong}";
            }
        }

        return exchange.Answer is null ? null : Template.Compare(exchange.Answer, answer.Body, _kept, now);
    }

    private string? Compare(string expected, string? actual, DateTimeOffset now) =>
        expected == "-" ? actual is null ? null : $"expected none, got {actual}"
        : actual is null ? "it is missing"
        : Template.Compare(expected, actual, _kept, now);
}
