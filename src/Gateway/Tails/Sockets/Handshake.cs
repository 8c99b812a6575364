using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Transcoding.Calls;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Gateway.Tails.Sockets;

/// <summary>The opening of a WebSocket (RFC 6455, section 4.2). No extension is ever agreed to.</summary>
internal sealed class Handshake
{
    /// <summary>The only subprotocol that is spoken.</summary>
    public const string Protocol = "trace-v1";

    private const string Version = "13";
    private const string Salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const int KeyBytes = 16;
    private readonly string _accept;

    private Handshake(string accept, string? protocol) => (_accept, AgreedProtocol) = (accept, protocol);

    /// <summary>Null where none was offered that is spoken.</summary>
    public string? AgreedProtocol { get; }

    /// <summary>Throws an <see cref="InputException"/> where the request does not open one.</summary>
    public static Handshake Of(HttpContext http, bool protocolRequired)
    {
        var headers = http.Request.Headers;
        if (http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } || !Has(headers.Upgrade, "websocket"))
        {
            throw Fault("Open a WebSocket here, or ask for text/event-stream.");
        }

        if (headers.SecWebSocketVersion.ToString() != Version)
        {
            http.Response.OnStarting(() =>
            {
                http.Response.Headers.SecWebSocketVersion = Version;
                return Task.CompletedTask;
            });
            throw Fault("Only version 13 of WebSocket is spoken.", StatusCodes.Status426UpgradeRequired);
        }

        if (headers.SecWebSocketKey is not [{ } key] || !IsKey(key))
        {
            throw Fault("Sec-WebSocket-Key is not 16 bytes in base64.");
        }

        var isOffered = Has(headers.SecWebSocketProtocol, Protocol);
        return isOffered || !protocolRequired
            ? new(AcceptOf(key), isOffered ? Protocol : null)
            : throw Fault($"Offer the subprotocol {Protocol}.");
    }

    /// <summary>Answers 101. From then on the connection is the stream.</summary>
    public Task<Stream> UpgradeAsync(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.Upgrade = "websocket";
        headers.SecWebSocketAccept = _accept;
        if (AgreedProtocol is not null)
        {
            headers.SecWebSocketProtocol = AgreedProtocol;
        }

        // A tail may be silent for hours, and a slow reader has a deadline of its own.
        if (http.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinResponseDataRateFeature>() is { } response)
        {
            response.MinDataRate = null;
        }

        return http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    private static bool Has(StringValues header, string token) =>
        header.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(token, StringComparer.OrdinalIgnoreCase);

    private static bool IsKey(string key)
    {
        Span<byte> bytes = stackalloc byte[KeyBytes + 2];
        return Convert.TryFromBase64String(key, bytes, out var length) && length == KeyBytes;
    }

    // The protocol demands this hash, and nothing rests on its strength.
#pragma warning disable CA5350
    private static string AcceptOf(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Salt)));
#pragma warning restore CA5350

    private static InputException Fault(string text, int status = StatusCodes.Status400BadRequest) => new(new(status, Reasons.BadUpgrade, text));
}
