using Coordinator.Leases;
using System.Text.RegularExpressions;

namespace Coordinator.Credentials;

/// <summary>What a credential may be made of, and by whom: each check gives the refusal, or null.</summary>
internal static partial class CredentialRules
{
    public const int MaxScopes = 32;
    public const int MaxEmailLength = 200;

    /// <summary>One of the kinds by its name in lower case, or null.</summary>
    public static CredentialKind? Kind(string name) => name switch
    {
        "user" => CredentialKind.User,
        "worker" => CredentialKind.Worker,
        "runtime" => CredentialKind.Runtime,
        "gateway" => CredentialKind.Gateway,
        "admin" => CredentialKind.Admin,
        _ => null,
    };

    public static string Name(CredentialKind kind) => kind.ToString().ToLowerInvariant();

    public static bool IsId(string id) => IdShape().IsMatch(id);

    public static Refusal? Subject(string subject) =>
        SubjectShape().IsMatch(subject) ? null : Refusal.Invalid("subject", "must be 1 to 128 characters of A-Z a-z 0-9 . _ : ~ @ -");

    public static Refusal? Email(string? email) =>
        email is null || EmailShape().IsMatch(email)
            ? null
            : Refusal.Invalid("email", $"must be an e-mail address of at most {MaxEmailLength} visible ASCII characters");

    public static Refusal? Scopes(IReadOnlyCollection<string> scopes) =>
        scopes.Count is 0 or > MaxScopes ? Refusal.Invalid("scopes", $"must be 1 to {MaxScopes} scopes, not {scopes.Count}")
        : scopes.All(ScopeShape().IsMatch) ? null
        : Refusal.Invalid("scopes", "each must be * or such as runs:write: at most 64 characters of a-z 0-9 -, with one colon at most");

    public static Refusal? BoundTo(CredentialKind kind, string? boundTo) =>
        boundTo is null
            ? kind is CredentialKind.Runtime ? Refusal.Invalid("bound_to", "must name the tunnel or run of a runtime credential") : null
            : BoundShape().IsMatch(boundTo) ? null
            : Refusal.Invalid("bound_to", "must be 1 to 128 characters of A-Z a-z 0-9 . _ : ~ -, or fewer and then *");

    [GeneratedRegex(@"\A[0-9a-f]{16}\z")]
    private static partial Regex IdShape();

    [GeneratedRegex(@"\A[A-Za-z0-9._:~@-]{1,128}\z")]
    private static partial Regex SubjectShape();

    [GeneratedRegex(@"\A(?=.{3,200}\z)[!-?A-~]+@[!-?A-~]+\z")]
    private static partial Regex EmailShape();

    [GeneratedRegex(@"\A(\*|(?=.{1,64}\z)[a-z][a-z0-9-]*(:[a-z][a-z0-9-]*)?)\z")]
    private static partial Regex ScopeShape();

    [GeneratedRegex(@"\A([A-Za-z0-9._:~-]{1,128}|[A-Za-z0-9._:~-]{1,127}\*)\z")]
    private static partial Regex BoundShape();
}
