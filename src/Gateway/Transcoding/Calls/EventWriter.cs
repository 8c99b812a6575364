using System.Buffers;
using System.Text;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>Writes Server-Sent Events as the answer to one request. A reader that does not read is cut.</summary>
internal sealed class EventWriter
{
    /// <summary>So long it may be silent; then something is written that is no event.</summary>
    public static readonly TimeSpan KeepAliveAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan WriteWithin = TimeSpan.FromSeconds(10);
    private readonly HttpContext _http;
    private readonly string _method;
    private readonly Drain _drain;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    /// <param name="method">What is read, for the log.</param>
    public EventWriter(HttpContext http, string method, Drain drain, TimeProvider time, ILogger log)
    {
        (_http, _method, _drain, _time, _log) = (http, method, drain, time, log);
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache";
    }

    public void KeepAlive() => _http.Response.BodyWriter.Write(": keep-alive\n\n"u8);

    /// <param name="fields">Those beside the data, each with its line break.</param>
    public void Write(string fields, ReadOnlySpan<byte> json)
    {
        var body = _http.Response.BodyWriter;
        Encoding.UTF8.GetBytes(fields, body);
        body.Write("data: "u8);
        var start = body.GetSpan(json.Length);
        json.CopyTo(start);
        // Of JSON that came as text some lines may be broken, between its tokens only: a string has no line breaks.
        start[..json.Length].Replace((byte)'\n', (byte)' ');
        start[..json.Length].Replace((byte)'\r', (byte)' ');
        body.Advance(json.Length);
        body.Write("\n\n"u8);
    }

    /// <summary>Throws an <see cref="OperationCanceledException"/> where nobody reads.</summary>
    public async Task FlushAsync()
    {
        using var late = new CancellationTokenSource(WriteWithin, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _drain.Calls, _http.RequestAborted);
        try
        {
            await _http.Response.BodyWriter.FlushAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            Log.ReaderCut(_log, _method, WriteWithin);
            _http.Abort();
            throw;
        }
    }
}
