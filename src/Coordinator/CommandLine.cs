using Coordinator.Credentials;
using Coordinator.Limits;
using Microsoft.Extensions.Options;
using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Security.Cryptography;

namespace Coordinator;

/// <summary>The command line of the coordinator.</summary>
internal static class CommandLine
{
    private static readonly Option<int> GrpcPort = new("--grpc-port") { Description = "The port to listen on; 0 for any that is free", DefaultValueFactory = _ => 50_051 };
    private static readonly Option<string?> Redis = new("--redis") { Description = "A Redis configuration, such as 127.0.0.1:6379 (default: in memory, gone with the process)" };
    private static readonly Option<string?> Token = new("--token") { Description = "The administrator's token of the development tenant; also COORDINATOR_TOKEN (default: from --token-file)" };
    private static readonly Option<string?> GatewayToken = new("--gateway-token") { Description = "What a gateway shows to have its clients' addresses believed; also COORDINATOR_GATEWAY_TOKEN (default: none)" };
    private static readonly Option<FileInfo> TokenFile = new("--token-file") { Description = "Where a random token and tenant are kept between starts, mode 0600", DefaultValueFactory = _ => new(Path.Combine(".run", "token")) };
    private static readonly Option<string?> Tenant = new("--tenant") { Description = "The development tenant, 32 hex characters (default: from beside the token file)" };
    private static readonly Option<bool> NoReflection = new("--no-reflection") { Description = "Turns server reflection off" };
    private static readonly Option<double> DrainSeconds = new("--drain-seconds") { Description = "How long workers may take to move away on SIGTERM, 0 to 9", DefaultValueFactory = _ => 5 };
    private static readonly Option<string> TunnelDomain = new("--tunnel-domain") { Description = "What stands behind the slug in a tunnel's hostname; {account} in it becomes the account's id", DefaultValueFactory = _ => "tunnels.localhost" };
    private static readonly Option<int> TunnelsPerAccount = new("--tunnels-per-account") { Description = "The most active tunnels of an account, 1 to 1000", DefaultValueFactory = _ => 5 };
    private static readonly Option<int> TunnelTtlSeconds = new("--tunnel-ttl-seconds") { Description = "How long a tunnel lives without a heartbeat, 1 to 3600", DefaultValueFactory = _ => 60 };
    private static readonly Option<int> PresenceTtlSeconds = new("--presence-ttl-seconds") { Description = "How long a worker counts as present after its activity heartbeat, 1 to 86400", DefaultValueFactory = _ => 900 };
    private static readonly Option<int> TailTtlSeconds = new("--tail-ttl-seconds") { Description = "How long a tail lasts from its start, 1 to 86400", DefaultValueFactory = _ => 21_600 };
    private static readonly Option<int> TailGraceSeconds = new("--tail-grace-seconds") { Description = "How long a tail outlives its reader, 1 to 600", DefaultValueFactory = _ => 30 };
    private static readonly Option<int> LiveTailTtlSeconds = new("--live-tail-ttl-seconds") { Description = "How long a live tail lasts without a heartbeat, 1 to 3600", DefaultValueFactory = _ => 90 };
    private static readonly Option<int> TailsPerScript = new("--tails-per-script") { Description = "The most tails of one script, 1 to 1000", DefaultValueFactory = _ => 10 };
    private static readonly Option<bool> TailsAheadOfWorkers = new("--tails-ahead-of-workers") { Description = "Lets a script be tailed before a worker has named it" };
    private static readonly Option<string?> InsecureListen = new("--insecure-listen") { Description = "Listens in clear text on this address instead of 127.0.0.1: whoever sees the traffic sees the tokens" };
    private static readonly Option<int> RateLimitRuns = new("--rate-limit-runs") { Description = "Run reports a minute of each client address; 0 for no limit", DefaultValueFactory = _ => LimitRules.DefaultRuns };
    private static readonly Option<int> RateLimitTunnels = new("--rate-limit-tunnels") { Description = "Tunnel calls a minute of each credential; 0 for no limit", DefaultValueFactory = _ => LimitRules.DefaultTunnels };
    private static readonly Option<string[]> RateLimitExempt = new("--rate-limit-exempt") { Description = "Client addresses that no limit counts, such as 10.0.0.0/8; may be given again" };

    public static Task<int> RunAsync(string[] arguments, Func<CoordinatorOptions, CancellationToken, Task<int>> run)
    {
        var root = new RootCommand("A lease coordinator: workers hold leases and ship events over one gRPC stream")
        {
            GrpcPort, Redis, Token, TokenFile, GatewayToken, Tenant, NoReflection, DrainSeconds, TunnelDomain, TunnelsPerAccount,
            TunnelTtlSeconds, PresenceTtlSeconds, TailTtlSeconds, TailGraceSeconds, LiveTailTtlSeconds, TailsPerScript, TailsAheadOfWorkers, InsecureListen, RateLimitRuns, RateLimitTunnels, RateLimitExempt, TokenCommands.Build(),
        };
        root.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                return await run(Read(parsed), cancellation).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is ValidationException or OptionsValidationException or IOException or UnauthorizedAccessException)
            {
                return Fail(fault.Message);
            }
        });
        var parsed = root.Parse(arguments);
        if (parsed.Errors is [var error, ..])
        {
            return Task.FromResult(Fail($"{error.Message} See --help."));
        }

        // Signals are the host's: it drains before it stops.
        return parsed.InvokeAsync(new() { ProcessTerminationTimeout = null });
    }

    /// <summary>One sentence, and the exit code of a failure.</summary>
    public static int Fail(string sentence)
    {
        Console.Error.WriteLine($"coordinator: {sentence}");
        return 1;
    }

    private static CoordinatorOptions Read(ParseResult parsed)
    {
        var listen = parsed.GetValue(InsecureListen);
        var file = parsed.GetRequiredValue(TokenFile).FullName;
        var token = parsed.GetValue(Token) ?? Environment.GetEnvironmentVariable("COORDINATOR_TOKEN");
        var options = new CoordinatorOptions
        {
            Address = Address(listen),
            InsecureListen = listen is not null,
            GrpcPort = parsed.GetValue(GrpcPort),
            Redis = parsed.GetValue(Redis),
            Token = token ?? Kept(file, () => Tokens.Make(CredentialKind.Admin)),
            Tenant = parsed.GetValue(Tenant) ?? Kept($"{file}.tenant", () => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))),
            GatewayToken = parsed.GetValue(GatewayToken) ?? NotEmpty(Environment.GetEnvironmentVariable("COORDINATOR_GATEWAY_TOKEN")),
            Reflection = !parsed.GetValue(NoReflection),
            Drain = Seconds(parsed.GetValue(DrainSeconds)),
            TunnelDomain = parsed.GetRequiredValue(TunnelDomain),
            TunnelsPerAccount = parsed.GetValue(TunnelsPerAccount),
            TunnelTtlSeconds = parsed.GetValue(TunnelTtlSeconds),
            PresenceTtlSeconds = parsed.GetValue(PresenceTtlSeconds),
            TailTtlSeconds = parsed.GetValue(TailTtlSeconds),
            TailGraceSeconds = parsed.GetValue(TailGraceSeconds),
            LiveTailTtlSeconds = parsed.GetValue(LiveTailTtlSeconds),
            TailsPerScript = parsed.GetValue(TailsPerScript),
            TailsAheadOfWorkers = parsed.GetValue(TailsAheadOfWorkers),
            RateLimitRuns = parsed.GetValue(RateLimitRuns),
            RateLimitTunnels = parsed.GetValue(RateLimitTunnels),
            RateLimitExempt = [.. (parsed.GetValue(RateLimitExempt) ?? []).Select(Network)],
        };
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        return options;
    }

    private static string? NotEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private static IPAddress Address(string? listen) =>
        listen is null ? IPAddress.Loopback
        : IPAddress.TryParse(listen, out var address) ? address
        : throw new ValidationException($"--insecure-listen must be an IP address, not {listen}.");

    private static IPNetwork Network(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : throw new ValidationException($"--rate-limit-exempt must be an address range such as 10.0.0.0/8 or fd00::/8, not {text}.");

    // NaN and what no TimeSpan can hold are no less out of range than 10.
    private static TimeSpan Seconds(double seconds) =>
        seconds is >= 0 and <= 9 ? TimeSpan.FromSeconds(seconds) : throw new ValidationException("--drain-seconds must be 0 to 9.");

    private static string Kept(string path, Func<string> make)
    {
        if (File.Exists(path))
        {
            return File.ReadAllText(path).Trim() is { Length: > 0 } kept
                ? kept
                : throw new ValidationException($"{path} is empty: delete it, and a new one is made.");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var value = make();
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(path, options);
        writer.WriteLine(value);
        return value;
    }
}
