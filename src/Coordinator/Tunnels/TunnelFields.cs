namespace Coordinator.Tunnels;

/// <summary>The fields of a tunnel's record, beside those that the store knows of itself.</summary>
internal static class TunnelFields
{
    public const string Port = "port";
}
