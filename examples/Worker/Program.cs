using System.CommandLine;
using Worker;

var addresses = new Option<string[]>("--address") { Description = "A coordinator; repeat it for several", DefaultValueFactory = _ => ["http://127.0.0.1:50051"], AllowMultipleArgumentsPerToken = true };
var token = new Option<string?>("--token") { Description = "The credential; also COORDINATOR_TOKEN" };
var workers = new Option<int>("--workers") { Description = "How many workers, each with a stream of its own", DefaultValueFactory = _ => 1 };
var leases = new Option<int>("--leases-per-worker") { Description = "How many leases each of them holds", DefaultValueFactory = _ => 1 };
var ttl = new Option<double>("--ttl") { Description = "The TTL of the leases, in seconds", DefaultValueFactory = _ => 10 };
var events = new Option<double>("--events-per-second") { Description = "Events that each lease ships", DefaultValueFactory = _ => 1 };
var id = new Option<string>("--worker-id") { Description = "What the workers' ids begin with", DefaultValueFactory = _ => $"worker-{Environment.ProcessId}" };
var resource = new Option<string>("--resource") { Description = "What the resources' names begin with", DefaultValueFactory = _ => "job" };
var takeover = new Option<bool>("--takeover") { Description = "Keeps asking for what others hold" };
var script = new Option<string?>("--script") { Description = "The first worker emits an event of this script every second, one kind after the other, for those that tail it" };
var verbose = new Option<bool>("--verbose") { Description = "Also prints a line for each event that is stored" };

var root = new RootCommand("A sample worker: acquires leases RESOURCE/WORKER/LEASE, ships events under them, prints what it is told")
{
    addresses, token, workers, leases, ttl, events, id, resource, takeover, script, verbose,
};
root.SetAction((parsed, cancellation) => Fleet.RunAsync(
    new(
        [.. parsed.GetRequiredValue(addresses).Select(address => new Uri(address))],
        parsed.GetValue(token) ?? Environment.GetEnvironmentVariable("COORDINATOR_TOKEN") ?? "",
        parsed.GetValue(workers),
        parsed.GetValue(leases),
        TimeSpan.FromSeconds(parsed.GetValue(ttl)),
        parsed.GetValue(events),
        parsed.GetRequiredValue(id),
        parsed.GetRequiredValue(resource),
        parsed.GetValue(takeover),
        parsed.GetValue(script),
        parsed.GetValue(verbose)),
    cancellation));
return await root.Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromSeconds(8) });
