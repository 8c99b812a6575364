using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Transcoding.Json;
using Coordinator.Gateway.Transcoding.Routes;
using Google.Protobuf;
using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>Writes answers: 200 with the message, or a failure in its envelope. Always JSON, always whole.</summary>
internal static class Answers
{
    private const string ContentType = "application/json";

    public static Task WriteAsync(HttpContext http, Binding binding, Answered<IMessage> answered)
    {
        WriteLimit(http.Response, binding.Envelope, RpcFailures.LimitOf(answered.Headers, null));
        foreach (var name in binding.Operation.ResponseHeaders)
        {
            if (answered.Headers.GetValue(name.ToLowerInvariant()) is { } value)
            {
                http.Response.Headers[name] = value;
            }
        }

        var body = binding.Answer is { } template ? template.Write(Write) : Json(Write);
        return WriteAsync(http, StatusCodes.Status200OK, body);

        void Write(Utf8JsonWriter json)
        {
            if (binding.ResponseField is { } field)
            {
                MessageWriter.WriteField(json, Shapes.Of(field), answered.Message);
            }
            else
            {
                MessageWriter.Write(json, answered.Message, binding.Operation.Ok);
            }
        }
    }

    public static Task WriteAsync(HttpContext http, Envelope envelope, Failure failure, Limit? limit)
    {
        var headers = http.Response.Headers;
        WriteLimit(http.Response, envelope, limit);
        if (failure.Allow.Count > 0)
        {
            headers.Allow = string.Join(", ", failure.Allow);
        }

        if (failure.RetryAfter is { } seconds)
        {
            headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        var status = envelope.StatusOf(failure);
        // Generated clients try again after a 409 as they do after a 503, unless they are told that it is of no use.
        if (status < 500 && failure.RetryAfter is null)
        {
            headers["x-should-retry"] = "false";
        }

        if (status == StatusCodes.Status401Unauthorized)
        {
            headers.WWWAuthenticate = "Bearer";
        }

        return WriteAsync(http, status, json => envelope.WriteBody(json, failure));
    }

    public static void WriteLimit(HttpResponse response, Envelope envelope, Limit? limit)
    {
        if (limit is not null)
        {
            envelope.WriteLimit(response.Headers, limit);
        }
    }

    /// <summary>One JSON text as bytes.</summary>
    public static ReadOnlyMemory<byte> Json(Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(body, MessageWriter.Options);
        write(json);
        json.Flush();
        return body.WrittenMemory;
    }

    public static Task WriteAsync(HttpContext http, int status, Action<Utf8JsonWriter> write) => WriteAsync(http, status, Json(write));

    public static async Task WriteAsync(HttpContext http, int status, ReadOnlyMemory<byte> body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = ContentType;
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body, http.RequestAborted).ConfigureAwait(false);
    }
}
