using Coordinator.Gateway;
using System.ComponentModel.DataAnnotations;

var commandLine = new CommandLine();
commandLine.Root.SetAction(async (parsed, cancellation) =>
{
    try
    {
        var options = commandLine.Read(parsed, Environment.GetEnvironmentVariable(CommandLine.TokenVariable));
        await using var app = GatewayHost.Build(options);
        await app.StartAsync(cancellation);
        Console.WriteLine($"listening http={app.Urls.First()}");
        await app.WaitForShutdownAsync(cancellation);
        return 0;
    }
    // What is wrong with an option, a port or a proto is said in one sentence.
    catch (Exception fault) when (fault is ValidationException or IOException or InvalidOperationException)
    {
        await Console.Error.WriteLineAsync($"gateway: {fault.Message}");
        return 1;
    }
});
return await commandLine.Root.Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = null });
