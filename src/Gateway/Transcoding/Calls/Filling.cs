using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Transcoding.Routes;
using Coordinator.Rest.V1;
using Google.Protobuf;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>Fills the fields of a request that are the gateway's to fill: what it knows of the connection, and no caller may say.</summary>
internal sealed class Filling(GatewayOptions options, ClientAddress addresses)
{
    /// <summary>Throws an <see cref="InputException"/> where the request does not say what is needed.</summary>
    public void Fill(HttpContext http, Binding binding, IMessage request)
    {
        foreach (var field in binding.Filled)
        {
            field.Descriptor.Accessor.SetValue(request, field.Options.FilledBy switch
            {
                FilledBy.Origin => OriginOf(http),
                FilledBy.ClientAddress => addresses.Of(http).ToString(),
                _ => throw new InvalidOperationException($"{field.Descriptor.FullName} is filled by {field.Options.FilledBy}, which is unknown."),
            });
        }
    }

    private string OriginOf(HttpContext http)
    {
        if (options.PublicUrl is { } own)
        {
            return Origin(own.Scheme == Uri.UriSchemeHttps, own.Authority);
        }

        var (request, connection) = (http.Request, http.Connection);
        if (!request.Host.HasValue)
        {
            // HTTP/1.0 needs none: the address that was connected to is as good.
            return Origin(request.IsHttps, new System.Net.IPEndPoint(connection.LocalIpAddress!, connection.LocalPort).ToString());
        }

        return Uri.CheckHostName(request.Host.Host) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
            && Uri.TryCreate($"{request.Scheme}://{request.Host.Value}", UriKind.Absolute, out var asked)
            ? Origin(request.IsHttps, asked.Authority)
            : throw new InputException(Failure.BadHost);
    }

    private static string Origin(bool isSecure, string authority) => $"{(isSecure ? "wss" : "ws")}://{authority}";
}
