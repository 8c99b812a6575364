using System.Net;
using System.Text;
using System.Text.Json;

namespace EndToEnd.Tests.Harness;

/// <summary>A client of a gateway with one credential, for what needs no exactness of bytes but many calls.</summary>
internal sealed class Rest(Uri gateway, string? token, string? forwardedFor = null, int connections = 64) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = connections }) { BaseAddress = gateway, Timeout = TimeSpan.FromSeconds(40) };

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<Answer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null);

    public Task<Answer> PostAsync(string path, object? body = null) => SendAsync(HttpMethod.Post, path, body is null ? null : JsonSerializer.Serialize(body));

    /// <summary>An answer that must be 200.</summary>
    public async Task<JsonElement> OkAsync(string path, object body)
    {
        var answer = await PostAsync(path, body);
        Assert.True(answer.Status == HttpStatusCode.OK, $"POST {path} answered {answer.Status} {answer.Text}");
        return answer.Json;
    }

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? json)
    {
        using var request = Request(method, path);
        request.Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request);
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new(response.StatusCode, headers, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The lines of a stream of Server-Sent Events, as they come.</summary>
    public async Task<StreamReader> FollowAsync(string path, string? lastEventId = null)
    {
        using var request = Request(HttpMethod.Get, path);
        request.Headers.Add("Accept", "text/event-stream");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        return new(await response.Content.ReadAsStreamAsync());
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, path);
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }

        if (forwardedFor is not null)
        {
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", forwardedFor);
        }

        return request;
    }
}

/// <summary>What a gateway answered.</summary>
internal sealed record Answer(HttpStatusCode Status, IReadOnlyDictionary<string, string> Headers, string Text)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;
}
