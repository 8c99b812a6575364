using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Transcoding.Routes;
using Coordinator.Rest.V1;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>The body of a request as JSON, bounded in size and depth.</summary>
internal static class BodyReader
{
    private const int MaxDepth = 32;

    // Of a body that is too large: so much is still read before the connection is cut.
    private const int PassedOverBytes = 4 << 20;
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth };
    private static readonly JsonElement Empty = JsonElement.Parse("{}");

    /// <summary>
    /// Throws an <see cref="InputException"/> where the body is not what the operation takes, an <see cref="IOException"/> where it is
    /// no body at all.
    /// </summary>
    public static async ValueTask<JsonElement> ReadAsync(HttpContext http, Binding binding)
    {
        var type = http.Request.ContentType;
        var operation = binding.Operation;
        if (operation.OtherContent == OtherContent.Empty && !IsJson(type))
        {
            return Empty;
        }

        var body = await ReadBytesAsync(http, binding.MaxBodyBytes).ConfigureAwait(false);
        if (body.Length == 0 && !operation.BodyRequired)
        {
            return Empty;
        }

        if (operation.OtherContent == OtherContent.Unspecified && !string.IsNullOrEmpty(type) && !IsJson(type))
        {
            throw new InputException(Failure.OtherContent);
        }

        return Parse(body);
    }

    private static JsonElement Parse(ReadOnlyMemory<byte> body)
    {
        // A byte order mark is not JSON, but some write one.
        body = body.Span.StartsWith("\uFEFF"u8) ? body[3..] : body;
        try
        {
            if (Utf8.IsValid(body.Span))
            {
                return JsonElement.Parse(body.Span, Options);
            }
        }
        catch (JsonException)
        {
            // Answered below, like bytes that are no text.
        }

        throw new InputException(Failure.MalformedJson);
    }

    private static async ValueTask<ReadOnlyMemory<byte>> ReadBytesAsync(HttpContext http, int most)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bound)
        {
            bound.MaxRequestBodySize = most + PassedOverBytes;
        }

        try
        {
            return await ReadToEndAsync(http, most).ConfigureAwait(false) ?? throw new InputException(Failure.TooLarge);
        }
        catch (BadHttpRequestException fault) when (fault.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw new InputException(Failure.TooLarge);
        }
    }

    // Null where there is more. It is read all the same, and kept nowhere: a caller who is cut off while writing never reads the answer.
    private static async ValueTask<byte[]?> ReadToEndAsync(HttpContext http, int most)
    {
        var reader = http.Request.BodyReader;
        for (var tooLarge = false; ;)
        {
            // Without a token: when the caller leaves the server itself ends the read, and two would be in each other's way.
            var read = await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
            tooLarge |= read.Buffer.Length > most;
            if (read.IsCompleted)
            {
                var body = tooLarge ? null : read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }

            reader.AdvanceTo(tooLarge ? read.Buffer.End : read.Buffer.Start, read.Buffer.End);
        }
    }

    // The charset is not asked for: JSON is UTF-8, and what is not is malformed.
    private static bool IsJson(string? type) =>
        MediaTypeHeaderValue.TryParse(type, out var media)
        && (media.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (media.Type.Equals("application", StringComparison.OrdinalIgnoreCase) && media.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase)));
}

/// <summary>What is wrong with a request, found before anybody was asked.</summary>
internal sealed class InputException(Failure failure) : Exception(failure.Message)
{
    public Failure Failure => failure;
}
