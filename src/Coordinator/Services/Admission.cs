using Coordinator.Credentials;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using System.Globalization;
using System.Text;

namespace Coordinator.Services;

/// <summary>
/// In front of every call: who calls, and whether they may. It stands before the framework reads the message, so that nothing that
/// a stranger sends is decompressed or parsed.
/// </summary>
internal sealed class Admission(Policies policies, CallJudge judge, ILogger<Admission> log)
{
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
        var policy = policies.Of(method)
            ?? throw StatusTable.Fail(StatusCode.PermissionDenied, "NO_POLICY", $"{method} is not open to anybody.");
        if (policy == Policy.AsNamed)
        {
            return new(null);
        }

        var credential = await judge.JudgeAsync(call, policy).ConfigureAwait(false);
        return credential is null || policy.Admits(credential)
            ? new(credential)
            : throw StatusTable.Fail(StatusCode.PermissionDenied, "SCOPE_MISSING", $"The credential lacks the scope {string.Join(" or ", policy.Scopes)}.");
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

/// <summary>That a call was admitted, and whose it is: null where its method is public, or the handler judges by itself.</summary>
internal sealed record Admitted(Credential? Credential);
