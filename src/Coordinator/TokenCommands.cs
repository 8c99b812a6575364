using Coordinator.V1;
using Grpc.Core;
using Grpc.Net.Client;
using System.CommandLine;
using System.Globalization;

namespace Coordinator;

/// <summary>The operator's commands: tokens are made, listed and revoked at a running coordinator.</summary>
internal static class TokenCommands
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(10);
    private static readonly Option<string> Address = new("--address") { Description = "Any coordinator of the account", DefaultValueFactory = _ => "http://127.0.0.1:50051" };
    private static readonly Option<string?> Token = new("--token") { Description = "A token with the scope tokens:write (tokens:read to list); also COORDINATOR_TOKEN" };
    private static readonly Option<string> Kind = new("--kind") { Description = "user, worker, runtime, gateway or admin", Required = true };
    private static readonly Option<string> Subject = new("--subject") { Description = "The person or program that it stands for", Required = true };
    private static readonly Option<string[]> Scopes = new("--scope") { Description = "What it may do, such as runs:write (which includes runs:read); may be given again", Required = true };
    private static readonly Option<string?> BoundTo = new("--bound-to") { Description = "The only worker, tunnel or run that it may act as; for workers also a prefix and *" };
    private static readonly Option<string?> Email = new("--email") { Description = "The person's e-mail address" };
    private static readonly Argument<string> Id = new("id") { Description = "As the list shows it" };

    public static Command Build() => new("tokens", "Makes, lists and revokes tokens at a running coordinator")
    {
        Leaf("create", "Makes a token and prints it, once: it is kept nowhere", CreateAsync, Kind, Subject, Scopes, BoundTo, Email),
        Leaf("list", "Prints the tokens of the account, a line each", ListAsync),
        Leaf("revoke", "Revokes a token: what it opens stops within 5 s", RevokeAsync, Id),
    };

    private static Command Leaf(string name, string description, Func<Access.AccessClient, CallOptions, ParseResult, Task> run, params Symbol[] symbols)
    {
        var command = new Command(name, description) { Address, Token };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Add(argument);
            }
            else
            {
                command.Add((Option)symbol);
            }
        }

        command.SetAction((parsed, cancellation) => RunAsync(parsed, run, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, Func<Access.AccessClient, CallOptions, ParseResult, Task> run, CancellationToken cancellation)
    {
        var address = parsed.GetRequiredValue(Address);
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            return CommandLine.Fail($"--address must be such as http://127.0.0.1:50051, not {address}.");
        }

        if ((parsed.GetValue(Token) ?? Environment.GetEnvironmentVariable("COORDINATOR_TOKEN")) is not { Length: > 0 } token)
        {
            return CommandLine.Fail("a token is needed: --token TOKEN, or COORDINATOR_TOKEN in the environment.");
        }

        if (!Credentials.Tokens.FitsHeader(token))
        {
            return CommandLine.Fail($"the token must be 1 to {Credentials.Tokens.MaxLength} visible ASCII characters, spaces only within.");
        }

        // A list may be long.
        using var channel = GrpcChannel.ForAddress(uri, new() { MaxReceiveMessageSize = null });
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + Within;
        var options = new CallOptions(new Metadata { { "authorization", $"Bearer {token}" } }, deadline, cancellation);
        try
        {
            await run(new(channel), options, parsed).ConfigureAwait(false);
            return 0;
        }
        catch (RpcException failed)
        {
            return CommandLine.Fail(failed.StatusCode switch
            {
                // Of the connection itself: the rest of the detail is the client library's own.
                StatusCode.Unavailable when failed.Trailers.Count == 0 => $"no coordinator can be reached at {uri}.",
                StatusCode.DeadlineExceeded => $"the coordinator at {uri} did not answer within {Within.TotalSeconds:0} s.",
                _ => failed.Status.Detail.ReplaceLineEndings(" "),
            });
        }
    }

    private static async Task CreateAsync(Access.AccessClient access, CallOptions options, ParseResult parsed)
    {
        var request = new AccessCreateTokenRequest
        {
            Kind = parsed.GetRequiredValue(Kind),
            Subject = parsed.GetRequiredValue(Subject),
            Email = parsed.GetValue(Email) ?? "",
            BoundTo = parsed.GetValue(BoundTo) ?? "",
        };
        request.Scopes.Add(parsed.GetRequiredValue(Scopes));
        var created = await access.CreateTokenAsync(request, options).ConfigureAwait(false);
        Console.WriteLine($"{Line(created.Info)} token={created.Token}");
    }

    private static async Task ListAsync(Access.AccessClient access, CallOptions options, ParseResult parsed)
    {
        foreach (var token in (await access.ListTokensAsync(new(), options).ConfigureAwait(false)).Tokens)
        {
            Console.WriteLine(Line(token));
        }
    }

    private static async Task RevokeAsync(Access.AccessClient access, CallOptions options, ParseResult parsed)
    {
        var id = parsed.GetRequiredValue(Id);
        await access.RevokeTokenAsync(new() { Id = id }, options).ConfigureAwait(false);
        Console.WriteLine($"revoked id={id}");
    }

    private static string Line(TokenInfo token)
    {
        var made = token.CreatedAt.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var email = token.Email.Length > 0 ? $" email={token.Email}" : "";
        var bound = token.BoundTo.Length > 0 ? $" bound-to={token.BoundTo}" : "";
        return $"id={token.Id} kind={token.Kind} subject={token.Subject}{email} scopes={string.Join(',', token.Scopes)}{bound} created={made}";
    }
}
