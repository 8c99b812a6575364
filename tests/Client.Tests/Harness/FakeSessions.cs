using Coordinator.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using System.Net;
using System.Threading.Channels;

namespace Client.Tests.Harness;

/// <summary>A coordinator that welcomes every worker and otherwise does what the test says: a real gRPC server on a free loopback port.</summary>
internal sealed class FakeSessions : Coordinator.V1.Sessions.SessionsBase, IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private readonly WebApplication _app;
    private readonly Channel<Connection> _connections = System.Threading.Channels.Channel.CreateUnbounded<Connection>();

    private FakeSessions()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        _app = builder.Build();
        var definition = Coordinator.V1.Sessions.BindService(this);
        _app.MapGrpcService(_ => definition);
    }

    public static async Task<FakeSessions> StartAsync()
    {
        var fake = new FakeSessions();
        await fake._app.StartAsync();
        return fake;
    }

    public Coordinator.Client.CoordinatorClient Client(TimeProvider? time = null) =>
        new(new() { Token = "token", Addresses = { new(_app.Urls.First()) }, TimeProvider = time ?? TimeProvider.System });

    /// <summary>The next stream that a worker opens.</summary>
    public async Task<Connection> NextAsync() => await _connections.Reader.ReadAsync().AsTask().WaitAsync(Bound);

    /// <summary>What a worker that connects from now on gets instead of a welcome.</summary>
    public RpcException? Refusal { get; set; }

    /// <summary>What makes another welcome of the usual one, for those who connect from now on.</summary>
    public Action<Welcome>? Welcoming { get; set; }

    public override async Task Connect(IAsyncStreamReader<ConnectRequest> requestStream, IServerStreamWriter<ConnectResponse> responseStream, ServerCallContext context)
    {
        await requestStream.MoveNext(context.CancellationToken);
        if (Refusal is { } refusal)
        {
            throw refusal;
        }

        var connection = new Connection(requestStream.Current.Hello, responseStream);
        var welcome = new Welcome
        {
            Session = "s",
            HeartbeatIntervalMs = 5_000,
            TtlMs = 15_000,
            Limits = new() { UnackedBatches = 64, EventsPerBatch = 1_000, BatchBytes = 1 << 20 },
        };
        Welcoming?.Invoke(welcome);
        await responseStream.WriteAsync(new() { Welcome = welcome });
        using var left = context.CancellationToken.Register(() => connection.Left = true);
        _connections.Writer.TryWrite(connection);
        var reading = ReadAsync(requestStream, connection, context.CancellationToken);
        await Task.WhenAny(connection.Ended, reading);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static async Task ReadAsync(IAsyncStreamReader<ConnectRequest> frames, Connection connection, CancellationToken cancellation)
    {
        try
        {
            while (await frames.MoveNext(cancellation))
            {
                connection.Arrived(frames.Current);
            }
        }
        catch (Exception over) when (over is OperationCanceledException or IOException or InvalidOperationException)
        {
            // The worker has left.
        }
    }

    /// <summary>One stream of a worker.</summary>
    internal sealed class Connection(Hello hello, IServerStreamWriter<ConnectResponse> output)
    {
        private readonly Channel<ConnectRequest> _frames = System.Threading.Channels.Channel.CreateUnbounded<ConnectRequest>();
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Hello Hello => hello;

        public Task Ended => _ended.Task;

        /// <summary>The worker has given it up.</summary>
        public bool Left { get; set; }

        public void Arrived(ConnectRequest frame) => _frames.Writer.TryWrite(frame);

        /// <summary>The next frame of the worker that is not a heartbeat.</summary>
        public async Task<ConnectRequest> NextAsync()
        {
            while (true)
            {
                var frame = await _frames.Reader.ReadAsync().AsTask().WaitAsync(Bound);
                if (frame.Heartbeat is null)
                {
                    return frame;
                }
            }
        }

        public Task SendAsync(ConnectResponse frame) => output.WriteAsync(frame);

        /// <summary>Tells a control and waits for its acknowledgement.</summary>
        public async Task TellAsync(string id, Control.Types.Kind kind, TailDemand demand)
        {
            await SendAsync(new() { Control = new() { Id = id, Kind = kind, Demand = demand } });
            Assert.Equal(id, (await NextAsync()).ControlAck.Id);
        }

        public void End() => _ended.TrySetResult();
    }
}
