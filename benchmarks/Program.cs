using Benchmarks;
using Benchmarks.Load;
using Benchmarks.Subjects;
using System.CommandLine;
using Echo = Benchmarks.Echo;

var to = new Option<Uri>("--to") { Description = "The echo's address", Required = true, CustomParser = result => new(result.Tokens[0].Value) };
var echo = new Command("echo", "A bare gRPC echo, as the limit of what Kestrel can do");
echo.SetAction((_, cancellation) => Echo.EchoServer.RunAsync(cancellation));
var gateway = new Command("echo-gateway", "The least that stands between a REST heartbeat and the echo") { to };
gateway.SetAction((parsed, cancellation) => Echo.EchoGateway.RunAsync(parsed.GetRequiredValue(to), cancellation));

var address = new Option<Uri>("--address") { Description = "The coordinator's address", Required = true, CustomParser = result => new(result.Tokens[0].Value) };
var stalled = new Option<int>("--stalled") { Description = "How many of the tails are attached to and not read" };
var capabilities = new Argument<string[]>("capabilities") { Description = "What stands behind the last slash of the tails' URLs" };
var readTails = new Command("read-tails", "Readers of tails in a process of their own") { address, stalled, capabilities };
readTails.SetAction((parsed, cancellation) =>
    TailReaders.RunAsync(parsed.GetRequiredValue(address), parsed.GetRequiredValue(capabilities), parsed.GetValue(stalled), cancellation));

var quick = new Option<bool>("--quick") { Description = "Only shows that everything runs: one short, cold round of each" };
var only = new Option<string[]>("--only") { Description = $"Suites to run, of {string.Join(", ", Run.Suites.Select(suite => suite.Name))}; may be given again (default: all)" };
only.AcceptOnlyFromAmong([.. Run.Suites.Select(suite => suite.Name)]);
var rounds = new Option<int>("--rounds") { Description = "Rounds of each, 1 to 100", DefaultValueFactory = _ => 5 };
rounds.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() is < 1 or > 100)
    {
        result.AddError("--rounds must be 1 to 100.");
    }
});
var before = new Option<string?>("--before") { Description = "Another build's Coordinator.dll, to be measured beside this one in heartbeats, frames and events" };
var output = new Option<string>("--output") { Description = "Where the results go: PATH.json and PATH.tsv", Required = true };
var run = new RootCommand("Measures the coordinator beside etcd and beside the limits of Redis and Kestrel, all on loopback") { quick, only, rounds, before, output, echo, gateway, readTails };
run.SetAction((parsed, cancellation) => Run.AllAsync(parsed.GetValue(quick) ? Timing.Quick : Timing.Full with { Rounds = parsed.GetValue(rounds) }, parsed.GetValue(only) ?? [], parsed.GetValue(before), parsed.GetRequiredValue(output), cancellation));
return await run.Parse(args).InvokeAsync();
