using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Services;

/// <summary>
/// Binds a generated service with marshallers that answer what cannot be parsed as the caller's fault, INVALID_ARGUMENT, where the
/// framework would answer UNKNOWN.
/// </summary>
internal sealed class StrictBinder : ServiceBinderBase
{
    private readonly ServerServiceDefinition.Builder _builder = ServerServiceDefinition.CreateBuilder();

    /// <summary>The methods that were bound, by full name.</summary>
    public List<string> Methods { get; } = [];

    public ServerServiceDefinition Build() => _builder.Build();

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
        _builder.AddMethod(Strict(method), handler!);

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
        _builder.AddMethod(Strict(method), handler!);

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
        _builder.AddMethod(Strict(method), handler!);

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
        _builder.AddMethod(Strict(method), handler!);

    private Method<TRequest, TResponse> Strict<TRequest, TResponse>(Method<TRequest, TResponse> method)
        where TRequest : class
        where TResponse : class
    {
        Methods.Add(method.FullName);
        var lenient = method.RequestMarshaller;
        var strict = new Marshaller<TRequest>(lenient.ContextualSerializer, context =>
        {
            try
            {
                return lenient.ContextualDeserializer(context);
            }
            catch (InvalidProtocolBufferException garbage)
            {
                throw StatusTable.Fail(StatusCode.InvalidArgument, "MALFORMED_MESSAGE", $"The message cannot be parsed: {garbage.Message}");
            }
        });
        return new(method.Type, method.ServiceName, method.Name, strict, method.ResponseMarshaller);
    }
}
