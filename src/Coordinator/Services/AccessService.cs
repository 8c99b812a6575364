using Coordinator.Credentials;
using Coordinator.Leases;
using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.AspNetCore.Server;
using Grpc.Core;

namespace Coordinator.Services;

/// <summary>Tokens for operators, and the judging of a call that a gateway could not make.</summary>
internal sealed class AccessService(ICredentialStore credentials, CredentialIssuer issuer, Policies policies, CallJudge judge) : V1.Access.AccessBase
{
    public override async Task<AccessCheckResponse> Check(AccessCheckRequest request, ServerCallContext context)
    {
        var policy = policies.Of(request.Method);
        if (policy is null || policy == Policy.AsNamed)
        {
            throw StatusTable.ToException(Refusal.Invalid("method", "must be the full name of a method, such as /coordinator.v1.Leases/Get"));
        }

        await judge.JudgeAsync(context.GetHttpContext(), policy).ConfigureAwait(false);
        return new();
    }

    public override async Task<AccessCreateTokenResponse> CreateToken(AccessCreateTokenRequest request, ServerCallContext context)
    {
        var caller = context.GetCredential();
        var kind = CredentialRules.Kind(request.Kind)
            ?? throw StatusTable.ToException(Refusal.Invalid("kind", "must be one of user, worker, runtime, gateway, admin"));
        var boundTo = NullIfEmpty(request.BoundTo);
        var refusal = CredentialRules.Scopes(request.Scopes) ?? CredentialRules.BoundTo(kind, boundTo);
        if (refusal is not null)
        {
            throw StatusTable.ToException(refusal);
        }

        Authorize(caller, kind, request.Scopes, boundTo);
        var outcome = await issuer.IssueAsync(
            kind, caller.Tenant, request.Subject, NullIfEmpty(request.Email), request.Scopes, boundTo, context.CancellationToken).ConfigureAwait(false);
        var issued = outcome.OrThrow();
        return new() { Token = issued.Token, Info = ToWire(issued.Credential) };
    }

    public override async Task<AccessListTokensResponse> ListTokens(AccessListTokensRequest request, ServerCallContext context)
    {
        var all = await credentials.ListAsync(context.GetTenant(), context.CancellationToken).ConfigureAwait(false);
        var response = new AccessListTokensResponse();
        response.Tokens.AddRange(all.OrderBy(credential => credential.Subject, StringComparer.Ordinal)
            .ThenBy(credential => credential.CreatedAt).ThenBy(credential => credential.Id, StringComparer.Ordinal).Select(ToWire));
        return response;
    }

    public override async Task<AccessRevokeTokenResponse> RevokeToken(AccessRevokeTokenRequest request, ServerCallContext context)
    {
        if (!CredentialRules.IsId(request.Id))
        {
            throw StatusTable.ToException(Refusal.Invalid("id", "must be 16 lower-case hex characters, as a list of tokens shows them"));
        }

        return await credentials.RemoveAsync(context.GetTenant(), request.Id, context.CancellationToken).ConfigureAwait(false) switch
        {
            Removal.Removed => new(),
            Removal.Unknown => throw StatusTable.Fail(StatusCode.NotFound, "TOKEN_NOT_FOUND", $"The account has no token {request.Id}."),
            _ => throw StatusTable.Fail(
                StatusCode.FailedPrecondition, "TOKEN_OF_THE_START", "The coordinator was started with this token: start it with another one."),
        };
    }

    // Nobody hands on more than he has.
    private static void Authorize(Credential caller, CredentialKind kind, IEnumerable<string> scopes, string? boundTo)
    {
        if (kind is CredentialKind.Gateway or CredentialKind.Admin && caller.Kind is not CredentialKind.Admin)
        {
            throw StatusTable.Fail(StatusCode.PermissionDenied, "KIND_NOT_ALLOWED", $"Only an admin may make a token of kind {CredentialRules.Name(kind)}.");
        }

        if (scopes.FirstOrDefault(scope => !caller.May(scope)) is { } lacking)
        {
            throw StatusTable.Fail(StatusCode.PermissionDenied, "SCOPE_NOT_HELD", $"The credential lacks the scope {lacking}, and cannot give it to another.");
        }

        if (!caller.Covers(boundTo))
        {
            throw StatusTable.Fail(StatusCode.PermissionDenied, "BOUND_NOT_HELD", $"The credential is bound to {caller.BoundTo}, and so must be what it makes.");
        }
    }

    private static TokenInfo ToWire(Credential credential)
    {
        var info = new TokenInfo
        {
            Id = credential.Id,
            Kind = CredentialRules.Name(credential.Kind),
            Subject = credential.Subject,
            Email = credential.Email ?? "",
            BoundTo = credential.BoundTo ?? "",
            CreatedAt = Timestamp.FromDateTimeOffset(credential.CreatedAt),
        };
        info.Scopes.AddRange(credential.Scopes.Order(StringComparer.Ordinal));
        return info;
    }

    private static string? NullIfEmpty(string value) => value.Length == 0 ? null : value;
}
