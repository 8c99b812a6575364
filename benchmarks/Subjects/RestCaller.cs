using Benchmarks.Load;
using Benchmarks.Servers;
using System.Net;

namespace Benchmarks.Subjects;

/// <summary>A REST client with a connection of its own: a beat is one POST.</summary>
internal sealed class RestCaller : IBeats
{
    private readonly HttpClient _http;
    private readonly Uri _path;
    private readonly byte[]? _body;
    private readonly string _expected;
    private readonly HttpStatusCode _status;
    private readonly Queue<Task<HttpResponseMessage>> _calls = new();

    /// <param name="expected">What every answer must hold.</param>
    public RestCaller(Server server, string path, string expected, byte[]? body = null, HttpStatusCode status = HttpStatusCode.OK)
    {
        (_path, _expected, _body, _status) = (new(server.Address, path), expected, body, status);
        _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1 });
        _http.DefaultRequestHeaders.Add("authorization", $"Bearer {Fleet.Token}");
    }

    public int Operations => 1;

    public Task AskAsync()
    {
        _calls.Enqueue(PostAsync());
        return Task.CompletedTask;
    }

    public async Task AnswerAsync()
    {
        using var answer = await _calls.Dequeue().ConfigureAwait(false);
        var body = await answer.Content.ReadAsStringAsync().ConfigureAwait(false);
        if (answer.StatusCode != _status || !body.Contains(_expected, StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{_path}: {(int)answer.StatusCode} {body}");
        }
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<HttpResponseMessage> PostAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _path) { Content = _body is null ? null : new ByteArrayContent(_body) };
        return await _http.SendAsync(request).ConfigureAwait(false);
    }
}
