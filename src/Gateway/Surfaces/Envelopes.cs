using Coordinator.Rest.V1;
using Google.Protobuf.Reflection;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Coordinator.Gateway.Surfaces;

/// <summary>Every envelope, by the name that a proto calls it by.</summary>
internal static class Envelopes
{
    private static readonly Envelope[] All = [new DefaultEnvelope(), new RunsEnvelope(), new WorkersEnvelope(), new TunnelsEnvelope(), new CloudflareEnvelope()];

    /// <summary>Of what belongs to no surface.</summary>
    public static Envelope Default => All[0];

    /// <summary>Throws an <see cref="InvalidOperationException"/> where the service names one that is not there.</summary>
    public static Envelope Of(ServiceDescriptor service)
    {
        var name = SurfaceOf(service)?.Envelope ?? "";
        return name.Length == 0
            ? Default
            : Array.Find(All, envelope => envelope.Name == name)
                ?? throw new InvalidOperationException($"{service.FullName} has the envelope '{name}', which is none of {string.Join(", ", All.Select(envelope => envelope.Name))}.");
    }

    public static Surface? SurfaceOf(ServiceDescriptor service) => service.GetOptions()?.GetExtension(OptionsExtensions.Surface);
}
