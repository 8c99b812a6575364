using Coordinator.V1;
using Google.Protobuf.Reflection;

namespace Coordinator.Gateway.Transcoding;

/// <summary>The protos whose services are shown as REST. A new surface is a line here.</summary>
internal static class Services
{
    public static IReadOnlyList<FileDescriptor> Files { get; } = [RunsReflection.Descriptor, WorkersReflection.Descriptor, TunnelsReflection.Descriptor, TailsReflection.Descriptor];
}
