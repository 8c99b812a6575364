using Coordinator.Gateway.Transcoding.Calls;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Coordinator.Gateway;

/// <summary>Whether any coordinator can do its work, asked anew each time.</summary>
internal sealed class HealthProbe(GatewayOptions options) : IDisposable
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(2);
    private const string RetryAfterSeconds = "1";
    private readonly GrpcChannel[] _channels = [.. options.Coordinators.Select(address => GrpcChannel.ForAddress(address))];

    /// <summary>200 where one serves, else 503 with what is wrong.</summary>
    public async Task AnswerAsync(HttpContext http)
    {
        var fault = await FindFaultAsync(http.RequestAborted).ConfigureAwait(false);
        if (fault is not null)
        {
            http.Response.Headers.RetryAfter = RetryAfterSeconds;
        }

        await Answers.WriteAsync(http, fault is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("ok", fault is null);
            if (fault is not null)
            {
                json.WriteString("error", fault);
            }

            json.WriteEndObject();
        }).ConfigureAwait(false);
    }

    /// <summary>Null where one serves; else what is wrong with each.</summary>
    public async Task<string?> FindFaultAsync(CancellationToken cancellation)
    {
        var faults = new List<string>();
        foreach (var channel in _channels)
        {
            try
            {
                var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + Within;
                var health = await new Health.HealthClient(channel).CheckAsync(new(), deadline: deadline, cancellationToken: cancellation);
                if (health.Status == HealthCheckResponse.Types.ServingStatus.Serving)
                {
                    return null;
                }

                faults.Add($"{channel.Target}: {health.Status}");
            }
            catch (RpcException away)
            {
                faults.Add($"{channel.Target}: {away.StatusCode}");
            }
        }

        return $"No coordinator serves ({string.Join("; ", faults)}).";
    }

    public void Dispose() => Array.ForEach(_channels, channel => channel.Dispose());
}
