using Benchmarks.Servers;
using Grpc.Core;
using Grpc.Net.Client;

namespace Benchmarks.Subjects;

/// <summary>Connections to a server, shared evenly by streams: the same number for everyone who is compared.</summary>
internal sealed class Channels : IDisposable
{
    private readonly GrpcChannel[] _channels;
    private int _next;

    public Channels(Server server, int connections) =>
        _channels = [.. Enumerable.Range(0, connections).Select(_ => GrpcChannel.ForAddress(server.Address, new()
        {
            HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true, ConnectTimeout = TimeSpan.FromSeconds(20) },
            DisposeHttpClient = true,
        }))];

    public static Metadata Headers { get; } = new() { { "authorization", $"Bearer {Fleet.Token}" } };

    public GrpcChannel Next() => _channels[(uint)Interlocked.Increment(ref _next) % _channels.Length];

    public void Dispose() => Array.ForEach(_channels, channel => channel.Dispose());
}
