using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;

namespace StandIns.Tests.Calls;

/// <summary>What the server of one test does: a handler for each call shape, none of them unless the test sets it.</summary>
internal sealed class Handlers
{
    public UnaryServerMethod<HealthCheckRequest, HealthCheckResponse>? Unary { get; init; }

    public ServerStreamingServerMethod<HealthCheckRequest, HealthCheckResponse>? ServerStreaming { get; init; }

    public ClientStreamingServerMethod<StringValue, StringValue>? ClientStreaming { get; init; }

    public DuplexStreamingServerMethod<ServerReflectionRequest, ServerReflectionResponse>? Duplex { get; init; }

    public static RpcException NotHere() => new(new Status(StatusCode.Unimplemented, "This test has no such handler"));
}

/// <summary>The unary and the server streaming shape, bound by generated code.</summary>
internal sealed class HealthHandlers(Handlers handlers) : Health.HealthBase
{
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        handlers.Unary?.Invoke(request, context) ?? throw Handlers.NotHere();

    public override Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context) =>
        handlers.ServerStreaming?.Invoke(request, responseStream, context) ?? throw Handlers.NotHere();
}

/// <summary>The duplex shape, bound by generated code.</summary>
internal sealed class DuplexHandlers(Handlers handlers) : ServerReflection.ServerReflectionBase
{
    public override Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream,
        IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context) =>
        handlers.Duplex?.Invoke(requestStream, responseStream, context) ?? throw Handlers.NotHere();
}

/// <summary>The client streaming shape, which no service of ours has: bound by hand, with byte array marshallers.</summary>
[BindServiceMethod(typeof(UploadBase), nameof(BindService))]
internal abstract class UploadBase
{
    private static readonly Marshaller<StringValue> Text =
        Marshallers.Create(Google.Protobuf.MessageExtensions.ToByteArray, StringValue.Parser.ParseFrom);

    public static readonly Method<StringValue, StringValue> Method =
        new(MethodType.ClientStreaming, "standins.Upload", nameof(Upload), Text, Text);

    public abstract Task<StringValue> Upload(IAsyncStreamReader<StringValue> requestStream, ServerCallContext context);

    public static void BindService(ServiceBinderBase binder, UploadBase? service) =>
        binder.AddMethod(Method, service is null ? null : new ClientStreamingServerMethod<StringValue, StringValue>(service.Upload));
}

/// <summary>The handler of <see cref="UploadBase"/>.</summary>
internal sealed class UploadHandlers(Handlers handlers) : UploadBase
{
    public override Task<StringValue> Upload(IAsyncStreamReader<StringValue> requestStream, ServerCallContext context) =>
        handlers.ClientStreaming?.Invoke(requestStream, context) ?? throw Handlers.NotHere();
}
