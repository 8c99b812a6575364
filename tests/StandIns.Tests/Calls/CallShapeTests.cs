using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using Microsoft.AspNetCore.Builder;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace StandIns.Tests.Calls;

public sealed class CallShapeTests
{
    [Fact]
    public async Task Unary_HeadersTrailersAndAnswer_CrossBothWays()
    {
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            Unary = async (request, context) =>
            {
                await context.WriteResponseHeadersAsync(new Metadata { { "asked", request.Service } });
                context.ResponseTrailers.Add("seen-bin", context.RequestHeaders.GetValueBytes("sent-bin")!);
                context.UserState["answer"] = ServingStatus.Serving;
                return new HealthCheckResponse { Status = (ServingStatus)context.UserState["answer"] };
            },
        });

        using var call = new Health.HealthClient(server.Channel).CheckAsync(
            new HealthCheckRequest { Service = "me" }, new Metadata { { "Sent-Bin", [0, 1, 255] } });
        var response = await call.ResponseAsync.WaitAsync(LoopbackServer.Bound);

        Assert.Equal(ServingStatus.Serving, response.Status);
        Assert.Equal("me", (await call.ResponseHeadersAsync).GetValue("asked"));
        Assert.Equal([0, 1, 255], call.GetTrailers().GetValueBytes("seen-bin"));
        Assert.Equal(Status.DefaultSuccess, call.GetStatus());
    }

    [Fact]
    public async Task Unary_Blocking_Answers()
    {
        await using var server = await LoopbackServer.StartAsync(new Handlers { Unary = (_, _) => Task.FromResult(new HealthCheckResponse()) });

        var response = await Task.Run(() => new Health.HealthClient(server.Channel).Check(new HealthCheckRequest())).WaitAsync(LoopbackServer.Bound);

        Assert.Equal(ServingStatus.Unknown, response.Status);
    }

    [Fact]
    public async Task Unary_ServerRefuses_StatusDetailAndTrailersArrive()
    {
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            Unary = (_, _) => throw new RpcException(new Status(StatusCode.OutOfRange, "expected 7"), new Metadata { { "expected", "7" } }),
        });

        using var call = new Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest());
        var failure = await LoopbackServer.FailureAsync(call.ResponseAsync);

        Assert.Equal(StatusCode.OutOfRange, failure.StatusCode);
        Assert.Equal("expected 7", failure.Status.Detail);
        Assert.Equal("7", failure.Trailers.GetValue("expected"));
        Assert.Equal(failure.Status, call.GetStatus());
    }

    [Fact]
    public async Task ServerStreaming_ManyMessages_ArriveInOrder()
    {
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            ServerStreaming = async (_, stream, context) =>
            {
                for (var i = 0; i < 300; i++)
                {
                    await stream.WriteAsync(new HealthCheckResponse { Status = (ServingStatus)(i % 4) }, context.CancellationToken);
                }
            },
        });

        using var call = new Health.HealthClient(server.Channel).Watch(new HealthCheckRequest());
        var seen = new List<int>();
        await foreach (var message in call.ResponseStream.ReadAllAsync())
        {
            seen.Add((int)message.Status);
        }

        Assert.Equal(Enumerable.Range(0, 300).Select(i => i % 4), seen);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task ClientStreaming_ManyMessages_AreAnsweredOnce()
    {
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            ClientStreaming = async (requests, _) =>
            {
                var parts = new List<string>();
                while (await requests.MoveNext())
                {
                    parts.Add(requests.Current.Value);
                }

                return new StringValue { Value = string.Join(',', parts) };
            },
        });

        using var call = server.Channel.CreateCallInvoker().AsyncClientStreamingCall(UploadBase.Method, null, default);
        foreach (var part in (string[])["a", "", "c"])
        {
            await call.RequestStream.WriteAsync(new StringValue { Value = part });
        }

        await call.RequestStream.CompleteAsync();

        Assert.Equal("a,,c", (await call.ResponseAsync.WaitAsync(LoopbackServer.Bound)).Value);
    }

    [Fact]
    public async Task Duplex_PingPong_AnswersEachBeforeTheNext()
    {
        await using var server = await LoopbackServer.StartAsync(new Handlers
        {
            Duplex = async (requests, responses, _) =>
            {
                await foreach (var request in requests.ReadAllAsync())
                {
                    await responses.WriteAsync(new ServerReflectionResponse { ValidHost = request.Host });
                }
            },
        });

        using var call = new ServerReflection.ServerReflectionClient(server.Channel).ServerReflectionInfo();
        for (var i = 0; i < 20; i++)
        {
            await call.RequestStream.WriteAsync(new ServerReflectionRequest { Host = $"{i}" });
            Assert.True(await call.ResponseStream.MoveNext().WaitAsync(LoopbackServer.Bound));
            Assert.Equal($"{i}", call.ResponseStream.Current.ValidHost);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext().WaitAsync(LoopbackServer.Bound));
    }

    [Fact]
    public async Task MapGrpcService_OfServiceDefinition_ServesIt()
    {
        var handlers = new Handlers { Unary = (_, _) => Task.FromResult(new HealthCheckResponse { Status = ServingStatus.NotServing }) };
        await using var server = await LoopbackServer.StartAsync(
            handlers, map: routes => routes.MapGrpcService(Health.BindService(new HealthHandlers(handlers))));

        var response = await new Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest()).ResponseAsync.WaitAsync(LoopbackServer.Bound);

        Assert.Equal(ServingStatus.NotServing, response.Status);
    }

    [Fact]
    public void CreateBuilder_SameMethodTwice_IsRefused()
    {
        var builder = ServerServiceDefinition.CreateBuilder();
        ClientStreamingServerMethod<StringValue, StringValue> handler = (_, _) => throw Handlers.NotHere();
        builder.AddMethod(UploadBase.Method, handler);

        Assert.Throws<ArgumentException>(() => builder.AddMethod(UploadBase.Method, handler));
    }
}
