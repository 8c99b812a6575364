using Coordinator.Credentials;
using Coordinator.Leases;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using System.Globalization;
using System.Text;

namespace Coordinator.Services;

/// <summary>
/// In front of every call: who calls, and whether they may. It stands before the framework reads the message, so that nothing that
/// a stranger sends is decompressed or parsed.
/// </summary>
internal sealed class Admission(CredentialLookup credentials, ILogger<Admission> log)
{
    private const string Scheme = "Bearer";

    public async Task InvokeAsync(HttpContext call, RequestDelegate next)
    {
        // What is no method of ours goes on, and is answered UNIMPLEMENTED to anybody.
        if (call.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is { Method: var method })
        {
            try
            {
                // Routes are matched in any case; methods have names of one.
                if (!string.Equals(call.Request.Path.Value, method.FullName, StringComparison.Ordinal))
                {
                    throw StatusTable.Fail(StatusCode.Unimplemented, "METHOD_UNKNOWN", "There is no such method here.");
                }

                call.Features.Set(await AdmitAsync(call, method.FullName).ConfigureAwait(false));
            }
            catch (Exception fault)
            {
                Refuse(call.Response, CallFailures.Translate(fault, method.FullName, call.RequestAborted.IsCancellationRequested, log));
                return;
            }
        }

        await next(call).ConfigureAwait(false);
    }

    private async ValueTask<Admitted> AdmitAsync(HttpContext call, string method)
    {
        var policy = Policies.Of(method)
            ?? throw StatusTable.Fail(StatusCode.PermissionDenied, "NO_POLICY", $"{method} is not open to anybody.");
        if (policy == Policies.Public)
        {
            return new(null);
        }

        var credential = await FindAsync(call).ConfigureAwait(false);
        return policy == Policies.AnyCredential || credential.May(policy)
            ? new(credential)
            : throw StatusTable.Fail(StatusCode.PermissionDenied, "SCOPE_MISSING", $"The credential lacks the scope {policy}.");
    }

    private async ValueTask<Credential> FindAsync(HttpContext call)
    {
        // Read where they came in: the call's own metadata joins headers of one name into a single value.
        var headers = call.Request.Headers.Authorization;
        if (headers.Count > 1)
        {
            throw StatusTable.Fail(StatusCode.InvalidArgument, "TWO_CREDENTIALS", "The authorization header was sent twice.");
        }

        var parts = headers.ToString().Split(' ', 2, StringSplitOptions.TrimEntries);
        if (parts is not [var scheme, var token] || !scheme.Equals(Scheme, StringComparison.OrdinalIgnoreCase) || token.Length == 0)
        {
            throw StatusTable.Fail(StatusCode.Unauthenticated, "CREDENTIAL_MISSING", "Send the header authorization: Bearer TOKEN.");
        }

        return await credentials.FindAsync(token, call.RequestAborted).ConfigureAwait(false)
            ?? throw StatusTable.Fail(StatusCode.Unauthenticated, "CREDENTIAL_UNKNOWN", "The token is not known here.");
    }

    // A gRPC response without messages: its status stands in the headers.
    private static void Refuse(HttpResponse response, RpcException refused)
    {
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = ((int)refused.StatusCode).ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = PercentEncoded(refused.Status.Detail);
        foreach (var trailer in refused.Trailers)
        {
            response.Headers[trailer.Key] = trailer.IsBinary ? Convert.ToBase64String(trailer.ValueBytes) : trailer.Value;
        }
    }

    private static string PercentEncoded(string message)
    {
        var encoded = new StringBuilder(message.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(message))
        {
            if (octet is >= (byte)' ' and <= (byte)'~' and not (byte)'%')
            {
                encoded.Append((char)octet);
            }
            else
            {
                encoded.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
            }
        }

        return encoded.ToString();
    }
}

/// <summary>That a call was admitted, and whose it is: null where its method is public.</summary>
internal sealed record Admitted(Credential? Credential);
