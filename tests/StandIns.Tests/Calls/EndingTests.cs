using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;

namespace StandIns.Tests.Calls;

/// <summary>Calls that end before their handler does.</summary>
public sealed class EndingTests
{
    [Fact]
    public async Task Unary_DeadlinePasses_BothSidesEnd()
    {
        var ended = LoopbackServer.Signal();
        var seen = DateTime.MinValue;
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            Unary = async (_, context) =>
            {
                seen = context.Deadline;
                await UntilCancelledAsync(context, ended);
                return new HealthCheckResponse();
            },
        });
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(500);

        using var call = new Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest(), deadline: deadline);
        var failure = await LoopbackServer.FailureAsync(call.ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        await ended.Task.WaitAsync(LoopbackServer.Bound);
        Assert.InRange(seen, deadline.AddMilliseconds(-400), deadline.AddSeconds(10));
    }

    [Fact]
    public async Task Unary_NoDeadline_HandlerSeesNone()
    {
        var seen = DateTime.MinValue;
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            Unary = (_, context) =>
            {
                seen = context.Deadline;
                return Task.FromResult(new HealthCheckResponse());
            },
        });

        await new Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest()).ResponseAsync.WaitAsync(LoopbackServer.Bound);

        Assert.Equal(DateTime.MaxValue, seen);
    }

    [Fact]
    public async Task ServerStreaming_ClientCancels_HandlerIsTold()
    {
        var started = LoopbackServer.Signal();
        var ended = LoopbackServer.Signal();
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            ServerStreaming = async (_, _, context) =>
            {
                started.SetResult();
                await UntilCancelledAsync(context, ended);
            },
        });
        using var cancel = new CancellationTokenSource();

        using var call = new Health.HealthClient(server.Channel).Watch(new HealthCheckRequest(), cancellationToken: cancel.Token);
        var reading = call.ResponseStream.MoveNext(CancellationToken.None);
        await started.Task.WaitAsync(LoopbackServer.Bound);
        await cancel.CancelAsync();

        Assert.Equal(StatusCode.Cancelled, (await LoopbackServer.FailureAsync(reading)).StatusCode);
        await ended.Task.WaitAsync(LoopbackServer.Bound);
    }

    [Fact]
    public async Task Duplex_ClientDisposes_HandlerIsTold()
    {
        var started = LoopbackServer.Signal();
        var ended = LoopbackServer.Signal();
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            Duplex = async (_, _, context) =>
            {
                started.SetResult();
                await UntilCancelledAsync(context, ended);
            },
        });

        using (var call = new ServerReflection.ServerReflectionClient(server.Channel).ServerReflectionInfo())
        {
            await call.RequestStream.WriteAsync(new ServerReflectionRequest());
            await started.Task.WaitAsync(LoopbackServer.Bound);
        }

        await ended.Task.WaitAsync(LoopbackServer.Bound);
    }

    [Fact]
    public async Task Unary_NobodyListens_IsUnavailable()
    {
        var server = await LoopbackServer.StartAsync(new Handlers());
        var address = server.Address;
        await server.DisposeAsync();
        using var channel = Grpc.Net.Client.GrpcChannel.ForAddress(address);

        using var call = new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest());

        Assert.Equal(StatusCode.Unavailable, (await LoopbackServer.FailureAsync(call.ResponseAsync)).StatusCode);
    }

    private static async Task UntilCancelledAsync(ServerCallContext context, TaskCompletionSource ended)
    {
        using var told = context.CancellationToken.Register(() => ended.TrySetResult());
        await ended.Task;
    }
}
