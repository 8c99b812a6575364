using Benchmarks.Load;
using Benchmarks.Servers;

namespace Benchmarks.Subjects;

/// <summary>A REST client with a connection of its own: a beat is one POST.</summary>
internal sealed class RestCaller : IBeats
{
    private readonly HttpClient _http;
    private readonly Uri _path;
    private readonly byte[]? _body;
    private readonly string _expected;
    private readonly Queue<Task<HttpResponseMessage>> _calls = new();

    /// <param name="expected">What every answer must hold.</param>
    public RestCaller(Server server, string path, string expected, byte[]? body = null)
    {
        (_path, _expected, _body) = (new(server.Address, path), expected, body);
        _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1 });
        _http.DefaultRequestHeaders.Add("authorization", $"Bearer {Fleet.Token}");
    }

    public int Operations => 1;

    public Task AskAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _path) { Content = _body is null ? null : new ByteArrayContent(_body) };
        _calls.Enqueue(_http.SendAsync(request));
        return Task.CompletedTask;
    }

    public async Task AnswerAsync()
    {
        using var answer = await _calls.Dequeue().ConfigureAwait(false);
        var body = await answer.Content.ReadAsStringAsync().ConfigureAwait(false);
        if (!answer.IsSuccessStatusCode || !body.Contains(_expected, StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{_path}: {(int)answer.StatusCode} {body}");
        }
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }
}
