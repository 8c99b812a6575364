using Coordinator.Services;
using Coordinator.Tests.Services.Harness;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;
using Alpha = Grpc.Reflection.V1Alpha;
using ResponseCase = Grpc.Reflection.V1.ServerReflectionResponse.MessageResponseOneofCase;

namespace Coordinator.Tests.Services;

/// <summary>Server reflection as tools use it, in both versions of the protocol.</summary>
public sealed class ReflectionTests
{
    [Fact]
    public async Task EveryService_IsListedAndItsFilesBuildAgain()
    {
        await using var host = await RunningHost.StartAsync();
        var listed = (await AskAsync(host, new() { ListServices = "" })).ListServicesResponse.Service.Select(service => service.Name).Order();
        Assert.Equal(host.Endpoints.Select(method => method.ServiceName).Distinct().Order(), listed);
        foreach (var method in host.Endpoints)
        {
            foreach (var symbol in new[] { method.ServiceName, $"{method.ServiceName}.{method.Name}" })
            {
                var files = (await AskAsync(host, new() { FileContainingSymbol = symbol })).FileDescriptorResponse.FileDescriptorProto;
                Assert.Contains(Build(files).SelectMany(file => file.Services), service => service.FullName == method.ServiceName);
            }
        }
    }

    [Fact]
    public async Task V1Alpha_AnswersTheSameBytes()
    {
        await using var host = await RunningHost.StartAsync();
        ServerReflectionRequest[] requests =
        [
            new() { ListServices = "*" }, new() { FileContainingSymbol = "coordinator.v1.Lease" }, new() { FileByFilename = "coordinator/v1/events.proto" },
            new() { FileContainingSymbol = "none" }, new() { AllExtensionNumbersOfType = "coordinator.v1.Lease" },
        ];
        using var alpha = new Alpha.ServerReflection.ServerReflectionClient(host.Channel).ServerReflectionInfo(RunningHost.Headers);
        foreach (var request in requests)
        {
            await alpha.RequestStream.WriteAsync(Alpha.ServerReflectionRequest.Parser.ParseFrom(request.ToByteArray()));
            var expected = await AskAsync(host, request);
            Assert.Equal(expected, ServerReflectionResponse.Parser.ParseFrom((await alpha.ResponseStream.NextAsync()).ToByteArray()));
        }
    }

    [Theory] // messages, nested ones, fields, enums, values, methods: and files by name
    [InlineData("coordinator.v1.LeaseChange.Kind", "coordinator/v1/leases.proto")]
    [InlineData("coordinator.v1.LeaseChange.KIND_ENDED", "coordinator/v1/leases.proto")]
    [InlineData("coordinator.v1.LeaseChange.kind", "coordinator/v1/leases.proto")]
    [InlineData("coordinator.v1.Lease.LabelsEntry", "coordinator/v1/lease.proto")]
    [InlineData("coordinator.v1.Sessions.Connect", "coordinator/v1/sessions.proto")]
    [InlineData("google.protobuf.Timestamp", "google/protobuf/timestamp.proto")]
    public async Task Symbol_OfAnyKind_GivesItsFileFirstAndItsImports(string symbol, string file)
    {
        await using var host = await RunningHost.StartAsync();
        var bySymbol = (await AskAsync(host, new() { FileContainingSymbol = symbol })).FileDescriptorResponse;
        var byName = (await AskAsync(host, new() { FileByFilename = file })).FileDescriptorResponse;
        Assert.Equal(byName, bySymbol);
        var protos = bySymbol.FileDescriptorProto.Select(FileDescriptorProto.Parser.ParseFrom).ToArray();
        Assert.Equal(file, protos[0].Name);
        Assert.Empty(protos.SelectMany(proto => proto.Dependency).Except(protos.Select(proto => proto.Name)));
    }

    [Fact]
    public async Task WhatIsNotThere_IsAnErrorResponseAndTheStreamGoesOn()
    {
        await using var host = await RunningHost.StartAsync();
        using var call = new ServerReflection.ServerReflectionClient(host.Channel).ServerReflectionInfo(RunningHost.Headers);
        (ServerReflectionRequest Request, StatusCode Code)[] questions =
        [
            (new() { FileByFilename = "none.proto" }, StatusCode.NotFound),
            (new() { FileContainingSymbol = "coordinator.v1.None" }, StatusCode.NotFound),
            (new() { FileContainingExtension = new() { ContainingType = "coordinator.v1.Lease", ExtensionNumber = 5 } }, StatusCode.NotFound),
            (new() { AllExtensionNumbersOfType = "coordinator.v1.None" }, StatusCode.NotFound),
            (new() { Host = "asks for nothing" }, StatusCode.InvalidArgument),
        ];
        foreach (var (request, code) in questions)
        {
            await call.RequestStream.WriteAsync(request);
            var answer = await call.ResponseStream.NextAsync();
            Assert.Equal((request, (int)code), (answer.OriginalRequest, answer.ErrorResponse.ErrorCode));
        }

        await call.RequestStream.WriteAsync(new() { AllExtensionNumbersOfType = "coordinator.v1.Lease" });
        Assert.Empty((await call.ResponseStream.NextAsync()).AllExtensionNumbersResponse.ExtensionNumber);
    }

    [Fact] // as tools ask for the HTTP rules of a method
    public void Index_OfAFileWithExtensions_FindsThemByNumberAndName()
    {
        var index = new DescriptorIndex([], [Google.Api.AnnotationsReflection.Descriptor]);
        var annotations = Google.Api.AnnotationsReflection.Descriptor.SerializedData;
        Assert.Contains(72_295_728, index.Extensions("google.protobuf.MethodOptions")!);
        Assert.Equal(annotations, index.FileOfExtension("google.protobuf.MethodOptions", 72_295_728)!.First());
        Assert.Equal(annotations, index.FileOfSymbol("google.api.http")!.First());
    }

    [Fact]
    public async Task Off_IsUnimplementedAndUnknownToHealth()
    {
        await using var host = await RunningHost.StartAsync(reflection: false);
        foreach (var method in new[] { "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" })
        {
            Assert.Equal(StatusCode.Unimplemented, (await RawCalls.SendAsync(host, method, RunningHost.Headers, [])).StatusCode);
        }

        var health = await Statuses.RefusedAsync(host.Health.CheckAsync(new() { Service = "grpc.reflection.v1.ServerReflection" }));
        Assert.Equal(StatusCode.NotFound, health.StatusCode);
    }

    private static async Task<ServerReflectionResponse> AskAsync(RunningHost host, ServerReflectionRequest request)
    {
        using var call = new ServerReflection.ServerReflectionClient(host.Channel).ServerReflectionInfo(RunningHost.Headers);
        await call.RequestStream.WriteAsync(request);
        await call.RequestStream.CompleteAsync();
        var answer = await call.ResponseStream.NextAsync();
        Assert.NotEqual(ResponseCase.None, answer.MessageResponseCase);
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Assert.False(await call.ResponseStream.MoveNext(late.Token));
        return answer;
    }

    // The imports stand behind what imports them: builders want them in front.
    private static IReadOnlyList<FileDescriptor> Build(IEnumerable<ByteString> files)
    {
        var waiting = files.ToDictionary(file => FileDescriptorProto.Parser.ParseFrom(file).Name);
        var ordered = new List<ByteString>();
        while (waiting.Count > 0)
        {
            var (name, file) = waiting.First(entry => !FileDescriptorProto.Parser.ParseFrom(entry.Value).Dependency.Any(waiting.ContainsKey));
            waiting.Remove(name);
            ordered.Add(file);
        }

        return FileDescriptor.BuildFromByteStrings(ordered);
    }
}
