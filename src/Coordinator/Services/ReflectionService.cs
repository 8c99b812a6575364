using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Reflection.V1;
using Microsoft.Extensions.Options;
using RequestCase = Grpc.Reflection.V1.ServerReflectionRequest.MessageRequestOneofCase;

namespace Coordinator.Services;

/// <summary>Server reflection, from the descriptors of the generated code.</summary>
internal sealed class ReflectionService(DescriptorIndex index, IOptions<StreamOptions> options, TimeProvider time) : ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        var ended = context.GetStream().Ended;
        var output = new BoundedWriter<ServerReflectionResponse>(responseStream, options.Value.WriteWithin, time, context.GetHttpContext().Abort);
        await foreach (var request in requestStream.ReadAllAsync(ended).ConfigureAwait(false))
        {
            await output.WriteAsync(Answer(request), ended).ConfigureAwait(false);
        }
    }

    /// <summary>v1alpha has the same messages on the wire: the same service under its other name.</summary>
    public void BindV1Alpha(ServiceBinderBase binder)
    {
        var renaming = new Renaming(binder, "grpc.reflection.v1alpha.ServerReflection");
        ServerReflection.BindService(renaming, this);
    }

    private ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        var answer = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case RequestCase.ListServices:
                answer.ListServicesResponse = new() { Service = { index.Services.Select(name => new ServiceResponse { Name = name }) } };
                return answer;
            case RequestCase.AllExtensionNumbersOfType when index.Extensions(request.AllExtensionNumbersOfType) is { } numbers:
                answer.AllExtensionNumbersResponse = new() { BaseTypeName = request.AllExtensionNumbersOfType, ExtensionNumber = { numbers } };
                return answer;
            case RequestCase.None:
                answer.ErrorResponse = new() { ErrorCode = (int)StatusCode.InvalidArgument, ErrorMessage = "The request asks for nothing." };
                return answer;
            default:
                break;
        }

        var files = request.MessageRequestCase switch
        {
            RequestCase.FileByFilename => index.File(request.FileByFilename),
            RequestCase.FileContainingSymbol => index.FileOfSymbol(request.FileContainingSymbol),
            RequestCase.FileContainingExtension =>
                index.FileOfExtension(request.FileContainingExtension.ContainingType, request.FileContainingExtension.ExtensionNumber),
            _ => null,
        };
        if (files is null)
        {
            answer.ErrorResponse = new() { ErrorCode = (int)StatusCode.NotFound, ErrorMessage = $"Not found: {request.MessageRequestCase}" };
        }
        else
        {
            answer.FileDescriptorResponse = new() { FileDescriptorProto = { files } };
        }

        return answer;
    }

    private sealed class Renaming(ServiceBinderBase binder, string service) : ServiceBinderBase
    {
        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
            binder.AddMethod(new Method<TRequest, TResponse>(method.Type, service, method.Name, method.RequestMarshaller, method.ResponseMarshaller), handler);
    }
}
