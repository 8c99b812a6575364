using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>A method as the client of gRPC needs it, from its descriptor: without the generated stub, for any service.</summary>
internal static class Marshalling
{
    public static Method<IMessage, IMessage> Method(MethodDescriptor method) => new(
        method.IsServerStreaming ? MethodType.ServerStreaming : MethodType.Unary,
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
