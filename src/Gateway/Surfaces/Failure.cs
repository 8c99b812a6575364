using Coordinator.Gateway.Transcoding.Json;
using Google.Protobuf.Reflection;

namespace Coordinator.Gateway.Surfaces;

/// <summary>Why a request is not answered as asked, for an envelope to say in its own words.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Reason">A constant of <see cref="Reasons"/>, or of the coordinator's.</param>
/// <param name="Message">For people. Nothing of our own insides stands in it.</param>
internal sealed record Failure(int Status, string Reason, string Message)
{
    private static readonly Dictionary<string, string> NoFacts = [];

    /// <summary>What is wrong with the request, value by value.</summary>
    public IReadOnlyList<Violation> Violations { get; init; } = [];

    /// <summary>What else the coordinator said of it, by name.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; init; } = NoFacts;

    /// <summary>When a retry may help, in whole seconds and at least 1; null where none does.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>The HTTP methods that the path has, where it has others.</summary>
    public IReadOnlyCollection<string> Allow { get; init; } = [];

    /// <summary>What was called; null where nothing was found to call.</summary>
    public MethodDescriptor? Method { get; init; }

    public static Failure NoRoute { get; } = new(StatusCodes.Status404NotFound, Reasons.NoRoute, "There is nothing at this path.");

    public static Failure BadPath { get; } = new(StatusCodes.Status400BadRequest, Reasons.BadPath, "The path or the query has an escape that cannot be decoded.");

    public static Failure TooLarge { get; } = new(StatusCodes.Status413PayloadTooLarge, Reasons.TooLarge, "The body is too large.");

    public static Failure BadBody { get; } = new(StatusCodes.Status400BadRequest, Reasons.BadBody, "The body cannot be read.");

    public static Failure OtherContent { get; } = new(StatusCodes.Status415UnsupportedMediaType, Reasons.OtherContent, "Send JSON, with content-type: application/json.");

    public static Failure TwoCredentials { get; } = new(StatusCodes.Status400BadRequest, Reasons.TwoCredentials, "The authorization header was sent twice.");

    public static Failure BadHost { get; } = new(StatusCodes.Status400BadRequest, Reasons.BadHost, "The Host header is not the name or address of a host.");

    public static Failure Internal { get; } = new(StatusCodes.Status500InternalServerError, Reasons.Internal, "Internal error.");

    public static Failure MalformedJson { get; } = new(StatusCodes.Status400BadRequest, Reasons.MalformedJson, Text.MalformedJson)
    {
        Violations = [new([], ViolationKind.Other) { Text = Text.MalformedJson }],
    };

    public static Failure WrongMethod(IReadOnlyCollection<string> allow) =>
        new(StatusCodes.Status405MethodNotAllowed, Reasons.WrongMethod, $"Only {string.Join(", ", allow)} can be done here.") { Allow = allow };

    public static Failure Invalid(IReadOnlyList<Violation> violations) =>
        new(StatusCodes.Status400BadRequest, Reasons.InvalidField, Sentence(violations[0])) { Violations = violations };

    private static string Sentence(Violation violation) =>
        violation.Path.Count == 0 ? violation.Message : $"{violation.DottedPath}: {violation.Message}";

    private static class Text
    {
        public const string MalformedJson = "Malformed JSON in request body";
    }
}

/// <summary>The reasons that the gateway finds by itself, beside those of the coordinator that an envelope has words for.</summary>
internal static class Reasons
{
    public const string NoRoute = "NO_ROUTE";
    public const string WrongMethod = "METHOD_NOT_ALLOWED";
    public const string BadPath = "BAD_PATH";
    public const string BadBody = "BAD_BODY";
    public const string MalformedJson = "MALFORMED_JSON";
    public const string TooLarge = "BODY_TOO_LARGE";
    public const string OtherContent = "CONTENT_TYPE";
    public const string TwoCredentials = "TWO_CREDENTIALS";
    public const string InvalidField = "INVALID_FIELD";
    public const string Internal = "INTERNAL";
    public const string CoordinatorAway = "COORDINATOR_AWAY";

    public const string ScriptNotFound = "SCRIPT_NOT_FOUND";
    public const string TailNotFound = "TAIL_NOT_FOUND";
    public const string TooManyTails = "TOO_MANY_TAILS";
    public const string AccountNotOwn = "ACCOUNT_NOT_OWN";
    public const string ScopeMissing = "SCOPE_MISSING";
    public const string RateLimited = "RATE_LIMITED";
    public const string BadHost = "BAD_HOST";
    public const string BadUpgrade = "BAD_UPGRADE";
    public const string CredentialMissing = "CREDENTIAL_MISSING";
    public const string CredentialNotBound = "CREDENTIAL_NOT_BOUND";
    public const string RunNotFound = "RUN_NOT_FOUND";
    public const string ClaimNotHeld = "CLAIM_NOT_HELD";
    public const string ClaimLost = "CLAIM_LOST";
    public const string SequenceGap = "SEQUENCE_GAP";
    public const string WorkerNotFound = "WORKER_NOT_FOUND";
    public const string InvalidTunnelId = "INVALID_TUNNEL_ID";
    public const string TunnelNotFound = "TUNNEL_NOT_FOUND";
    public const string InvalidSlug = "INVALID_SLUG";
    public const string SlugConflict = "TUNNEL_SLUG_CONFLICT";
    public const string TunnelLimit = "TUNNEL_LIMIT_REACHED";
}

/// <summary>What the gateway itself says of a failure, by name, beside what the coordinator does.</summary>
internal static class Facts
{
    /// <summary>The path that was asked for, as it came.</summary>
    public const string Path = "path";
}

/// <summary>How far a caller is from a limit of requests.</summary>
/// <param name="Most">Within one window.</param>
/// <param name="Remaining">Of the window that runs.</param>
/// <param name="Reset">Seconds until the next window.</param>
internal sealed record Limit(long Most, long Remaining, long Reset);
