using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using System.Collections.Concurrent;

namespace StandIns.Tests.Calls;

public sealed class InterceptorTests
{
    [Fact]
    public async Task ServerInterceptor_EachShape_IsEntered()
    {
        var entered = new ConcurrentQueue<string>();
        await using var server = await LoopbackServer.StartAsync(
            new Handlers
            {
                Unary = (_, _) => Task.FromResult(new HealthCheckResponse()),
                ServerStreaming = (_, _, _) => Task.CompletedTask,
                ClientStreaming = (_, _) => Task.FromResult(new Google.Protobuf.WellKnownTypes.StringValue()),
                Duplex = (_, _, _) => Task.CompletedTask,
            },
            options => options.Interceptors.Add<Recording>(entered));
        var health = new Health.HealthClient(server.Channel);

        await health.CheckAsync(new HealthCheckRequest());
        Assert.False(await health.Watch(new HealthCheckRequest()).ResponseStream.MoveNext());
        await server.Channel.CreateCallInvoker().AsyncClientStreamingCall(UploadBase.Method, null, default);
        Assert.False(await new ServerReflection.ServerReflectionClient(server.Channel).ServerReflectionInfo().ResponseStream.MoveNext());

        Assert.Equal(["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", UploadBase.Method.FullName, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"], entered);
    }

    [Fact]
    public async Task ClientInterceptors_Several_RunInTheOrderGiven()
    {
        string[] seen = [];
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            Unary = (_, context) =>
            {
                seen = context.RequestHeaders.GetValue("step")!.Split(',', StringSplitOptions.TrimEntries);
                return Task.FromResult(new HealthCheckResponse());
            },
        });

        var invoker = server.Channel.Intercept(new Stepping("outer"), new Stepping("inner"));
        await new Health.HealthClient(invoker).CheckAsync(new HealthCheckRequest());

        Assert.Equal(["outer", "inner"], seen);
    }

    [Fact]
    public async Task ClientInterceptor_OtherShapes_PassThrough()
    {
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            ServerStreaming = (_, _, _) => Task.CompletedTask,
            ClientStreaming = (_, _) => Task.FromResult(new Google.Protobuf.WellKnownTypes.StringValue { Value = "done" }),
            Duplex = (_, _, _) => Task.CompletedTask,
        });
        var invoker = server.Channel.Intercept(new Stepping("only"));

        Assert.False(await new Health.HealthClient(invoker).Watch(new HealthCheckRequest()).ResponseStream.MoveNext());
        Assert.Equal("done", (await invoker.AsyncClientStreamingCall(UploadBase.Method, null, default)).Value);
        Assert.False(await new ServerReflection.ServerReflectionClient(invoker).ServerReflectionInfo().ResponseStream.MoveNext());
    }

    /// <summary>Notes the method of each call that it lets through.</summary>
    private sealed class Recording(ConcurrentQueue<string> entered) : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            entered.Enqueue(context.Method);
            return base.UnaryServerHandler(request, context, continuation);
        }

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
        {
            entered.Enqueue(context.Method);
            return base.ServerStreamingServerHandler(request, responseStream, context, continuation);
        }

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
        {
            entered.Enqueue(context.Method);
            return base.ClientStreamingServerHandler(requestStream, context, continuation);
        }

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            entered.Enqueue(context.Method);
            return base.DuplexStreamingServerHandler(requestStream, responseStream, context, continuation);
        }
    }

    /// <summary>Adds a header to each unary call.</summary>
    private sealed class Stepping(string name) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            var headers = new Metadata();
            foreach (var entry in context.Options.Headers ?? [])
            {
                headers.Add(entry);
            }

            headers.Add("step", name);
            var next = new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, context.Options.WithHeaders(headers));
            return continuation(request, next);
        }
    }
}
