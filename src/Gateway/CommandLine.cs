using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Coordinator.Gateway;

/// <summary>The options of the program, each by its own words. A bad one is a <see cref="ValidationException"/> with one sentence.</summary>
internal sealed class CommandLine
{
    /// <summary>Where the gateway's own credential comes from: the list of processes would show an argument.</summary>
    public const string TokenVariable = "COORDINATOR_GATEWAY_TOKEN";

    private readonly Option<int> _port = new("--http-port") { Description = "The port to listen on; 0 for any that is free", DefaultValueFactory = _ => 8_080 };
    private readonly Option<string> _coordinators = new("--coordinators") { Description = "The coordinators, comma-separated", DefaultValueFactory = _ => "http://127.0.0.1:50051" };
    private readonly Option<string> _proxies = new("--trusted-proxies")
    {
        Description = "Proxies whose X-Forwarded-For counts: addresses and networks such as 10.0.0.0/8, comma-separated",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<string?> _publicUrl = new("--public-url") { Description = "Where callers reach the gateway, such as https://gateway.example.com; default is the host that each request names" };

    private readonly Option<string> _tailsList = new("--tails-list")
    {
        Description = "How a script's tails are listed: object, as documented, or array, as the live API does",
        DefaultValueFactory = _ => "object",
    };

    public CommandLine() =>
        Root = new($"The REST face of the coordinators. Its own credential, if it has one, is in {TokenVariable}.")
        {
            _port, _coordinators, _proxies, _publicUrl, _tailsList.AcceptOnlyFromAmong("object", "array"),
        };

    public RootCommand Root { get; }

    public GatewayOptions Read(ParseResult parsed, string? token)
    {
        var options = new GatewayOptions
        {
            HttpPort = parsed.GetValue(_port),
            Coordinators = [.. Items(parsed.GetRequiredValue(_coordinators)).Select(text => Address("--coordinators", text))],
            TrustedProxies = [.. Items(parsed.GetRequiredValue(_proxies)).Select(Network)],
            PublicUrl = parsed.GetValue(_publicUrl) is { } url ? Address("--public-url", url) : null,
            BareTailsList = parsed.GetValue(_tailsList) == "array",
            GatewayToken = string.IsNullOrEmpty(token) ? null : token,
        };
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        return options.GatewayToken?.All(letter => letter is >= ' ' and <= '~') != false
            ? options
            : throw new ValidationException($"{TokenVariable} holds letters that no header can carry.");
    }

    private static string[] Items(string list) => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static Uri Address(string option, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps) && address.PathAndQuery == "/"
            ? address
            : throw new ValidationException($"{option}: '{text}' is not an address such as http://127.0.0.1:50051.");

    private static IPNetwork Network(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : throw new ValidationException($"--trusted-proxies: '{text}' is neither an address nor a network such as 10.0.0.0/8.");
}
