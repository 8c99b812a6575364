using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>A method as the client of gRPC needs it, from its descriptor: without the generated stub, for any service.</summary>
internal static class Marshalling
{
    public static Method<IMessage, IMessage> Method(MethodDescriptor method) => new(
        (method.IsClientStreaming, method.IsServerStreaming) switch
        {
            (false, false) => MethodType.Unary,
            (false, true) => MethodType.ServerStreaming,
            (true, false) => MethodType.ClientStreaming,
            (true, true) => MethodType.DuplexStreaming,
        },
        method.Service.FullName,
        method.Name,
        Of(method.InputType),
        Of(method.OutputType));

    private static Marshaller<IMessage> Of(MessageDescriptor type) => new(
        static (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        context => type.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));
}
