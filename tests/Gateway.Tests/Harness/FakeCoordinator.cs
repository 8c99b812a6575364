using Coordinator.Gateway.Transcoding.Calls;
using Coordinator.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using System.Collections.Concurrent;
using System.Net;

namespace Gateway.Tests.Harness;

/// <summary>A real gRPC server on a free loopback port that answers any method as a test says, and keeps what it was asked.</summary>
internal sealed class FakeCoordinator : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<IMessage, ServerCallContext, Task<IMessage>>> _unary = new();
    private readonly ConcurrentDictionary<string, Func<IMessage, IServerStreamWriter<IMessage>, ServerCallContext, Task>> _streams = new();

    private readonly ConcurrentDictionary<string, Func<IAsyncStreamReader<IMessage>, IServerStreamWriter<IMessage>, ServerCallContext, Task>> _duplex = new();

    private FakeCoordinator(int port, IEnumerable<FileDescriptor> files)
    {
        var definition = ServerServiceDefinition.CreateBuilder();
        foreach (var method in files.SelectMany(file => file.Services).SelectMany(service => service.Methods))
        {
            var call = Marshalling.Method(method);
            if (method is { IsServerStreaming: true, IsClientStreaming: true })
            {
                definition.AddMethod(call, (DuplexStreamingServerMethod<IMessage, IMessage>)((reader, writer, context) => DuplexAsync(method.Name, reader, writer, context)));
            }
            else if (method.IsServerStreaming)
            {
                definition.AddMethod(call, (ServerStreamingServerMethod<IMessage, IMessage>)((request, writer, context) => StreamAsync(method.Name, request, writer, context)));
            }
            else if (!method.IsClientStreaming)
            {
                definition.AddMethod(call, (UnaryServerMethod<IMessage, IMessage>)((request, context) => AnswerAsync(method, request, context)));
            }
        }

        var built = definition.Build();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listener => listener.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        _app = builder.Build();
        _app.MapGrpcService(_ => built);
    }

    public Uri Address => new(_app.Urls.First());

    /// <summary>What was asked, in order.</summary>
    public ConcurrentQueue<Asked> Asked { get; } = new();

    public Asked Last => Asked.Last();

    public static async Task<FakeCoordinator> StartAsync(int port = 0, params FileDescriptor[] files)
    {
        var fake = new FakeCoordinator(port, files.Length > 0 ? files : RunningGateway.Files.Append(AccessReflection.Descriptor));
        await fake._app.StartAsync();
        return fake;
    }

    public void On(string method, Func<IMessage, ServerCallContext, IMessage> answer) =>
        _unary[method] = (request, context) => Task.FromResult(answer(request, context));

    public void OnAsync(string method, Func<IMessage, ServerCallContext, Task<IMessage>> answer) => _unary[method] = answer;

    public void OnStream(string method, Func<IMessage, IServerStreamWriter<IMessage>, ServerCallContext, Task> answer) => _streams[method] = answer;

    public void OnDuplex(string method, Func<IAsyncStreamReader<IMessage>, IServerStreamWriter<IMessage>, ServerCallContext, Task> answer) => _duplex[method] = answer;

    /// <summary>Refuses every call of the method.</summary>
    public void Refuse(string method, RpcException refusal)
    {
        On(method, (_, _) => throw refusal);
        OnStream(method, (_, _, _) => throw refusal);
        OnDuplex(method, (_, _, _) => throw refusal);
    }

    /// <summary>A refusal as the coordinator makes them: with the details in a trailer.</summary>
    public static RpcException Refusal(StatusCode code, string reason, string message = "what is wrong", (string Name, string Value)[]? facts = null, params IMessage[] details)
    {
        var info = new ErrorInfo { Domain = "coordinator", Reason = reason };
        foreach (var (name, value) in facts ?? [])
        {
            info.Metadata[name] = value;
        }

        var status = new Google.Rpc.Status { Code = (int)code, Message = message, Details = { Any.Pack(info) } };
        status.Details.Add(details.Select(Any.Pack));
        return new(new Grpc.Core.Status(code, message), new Metadata { { "grpc-status-details-bin", status.ToByteArray() } });
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    // What a test says nothing of is answered with what was asked, or else with nothing in it.
    private Task<IMessage> AnswerAsync(MethodDescriptor method, IMessage request, ServerCallContext context)
    {
        Asked.Enqueue(new(method.Name, request, context.RequestHeaders));
        return _unary.TryGetValue(method.Name, out var answer) ? answer(request, context)
            : Task.FromResult(method.OutputType == request.Descriptor ? request : method.OutputType.Parser.ParseFrom(ByteString.Empty));
    }

    private Task StreamAsync(string method, IMessage request, IServerStreamWriter<IMessage> writer, ServerCallContext context)
    {
        Asked.Enqueue(new(method, request, context.RequestHeaders));
        return _streams.TryGetValue(method, out var answer) ? answer(request, writer, context) : Task.CompletedTask;
    }

    private Task DuplexAsync(string method, IAsyncStreamReader<IMessage> reader, IServerStreamWriter<IMessage> writer, ServerCallContext context) =>
        _duplex.TryGetValue(method, out var answer) ? answer(reader, writer, context) : Task.CompletedTask;
}

/// <summary>One call that arrived.</summary>
internal sealed record Asked(string Method, IMessage Request, Metadata Headers);
