using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Coordinator.Gateway;

/// <summary>Whether any coordinator can do its work, asked anew each time.</summary>
internal sealed class HealthProbe(GatewayOptions options) : IDisposable
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(2);
    private readonly GrpcChannel[] _channels = [.. options.Coordinators.Select(address => GrpcChannel.ForAddress(address))];

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
