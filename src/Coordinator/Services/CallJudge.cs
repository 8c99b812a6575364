using Coordinator.Credentials;
using Grpc.Core;

namespace Coordinator.Services;

/// <summary>Judges a call by its headers alone: whether it is one too many, then whose it is.</summary>
internal sealed class CallJudge(CredentialLookup credentials, CallLimits limits)
{
    private const string Scheme = "Bearer";

    /// <summary>
    /// The credential that the policy's methods ask for, whatever its scopes; null where they ask for none. Counted as one call of
    /// these methods, also where the credential is nobody's: guessing is limited like anything else.
    /// </summary>
    public async ValueTask<Credential?> JudgeAsync(HttpContext call, Policy policy)
    {
        if (policy == Policy.Public || policy == Policy.Capability)
        {
            return null;
        }

        var (token, fault) = Presented(call.Request);
        await limits.CountAsync(call, policy.Limit, token).ConfigureAwait(false);
        var credential = token is null ? null : await credentials.FindAsync(token, call.RequestAborted).ConfigureAwait(false);
        return credential ?? throw fault ?? StatusTable.Fail(StatusCode.Unauthenticated, "CREDENTIAL_UNKNOWN", "The token is not known here.");
    }

    private static (string? Token, RpcException? Fault) Presented(HttpRequest request)
    {
        // Read where they came in: the call's own metadata joins headers of one name into a single value.
        var headers = request.Headers.Authorization;
        if (headers.Count > 1)
        {
            return (null, StatusTable.Fail(StatusCode.InvalidArgument, "TWO_CREDENTIALS", "The authorization header was sent twice."));
        }

        var parts = headers.ToString().Split(' ', 2, StringSplitOptions.TrimEntries);
        return parts is [var scheme, { Length: > 0 } token] && scheme.Equals(Scheme, StringComparison.OrdinalIgnoreCase)
            ? (token, null)
            : (null, StatusTable.Fail(StatusCode.Unauthenticated, "CREDENTIAL_MISSING", "Send the header authorization: Bearer TOKEN."));
    }
}
