using Coordinator.Gateway;
using System.CommandLine;
using System.ComponentModel.DataAnnotations;

var port = new Option<int>("--http-port") { Description = "The port to listen on; 0 for any that is free", DefaultValueFactory = _ => 8_080 };
var coordinators = new Option<string>("--coordinators") { Description = "The coordinators, comma-separated", DefaultValueFactory = _ => "http://127.0.0.1:50051" };
var root = new RootCommand("The REST face of the coordinators") { port, coordinators };
root.SetAction(async (parsed, cancellation) =>
{
    try
    {
        var addresses = parsed.GetRequiredValue(coordinators).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var options = new GatewayOptions { HttpPort = parsed.GetValue(port), Coordinators = [.. addresses.Select(address => new Uri(address))] };
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        await using var app = GatewayHost.Build(options);
        await app.StartAsync(cancellation);
        Console.WriteLine($"listening http={app.Urls.First()}");
        await app.WaitForShutdownAsync(cancellation);
        return 0;
    }
    catch (Exception fault) when (fault is ValidationException or IOException or UriFormatException)
    {
        await Console.Error.WriteLineAsync($"gateway: {fault.Message}");
        return 1;
    }
});
return await root.Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = null });
